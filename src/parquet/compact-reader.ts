/** Thrift's compact protocol, in which parquet's footers and heads of pages are written, value by value. Pure. */

/** Wire types. */
export const WIRE = {
  stop: 0,
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
} as const;
const MAX_DEPTH = 64;

/** Reads forwards, and passes over what nobody takes; nesting is bounded, since footers are a stranger's. */
export class CompactReader {
  readonly #bytes: Uint8Array;
  /** Where the next byte is. */
  at: number;
  #depth = 0;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** @param take - reads a field's value and says so; what it does not read is passed over */
  struct(take: (id: number, type: number) => boolean): void {
    if (++this.#depth > MAX_DEPTH) throw new RangeError('nested too deep');
    for (let id = 0; ; ) {
      const head = this.byte();
      const type = head & 15;
      if (type === WIRE.stop) break;
      id = head >> 4 === 0 ? this.integer() : id + (head >> 4);
      if (!take(id, type)) this.#pass(type);
    }
    this.#depth -= 1;
  }

  /** @param take - as for a struct. @returns the type of the items */
  list(take: (type: number) => boolean): number {
    const head = this.byte();
    const size = head >> 4 === 15 ? this.#varint() : head >> 4;
    for (let i = 0; i < size; i++) if (!take(head & 15)) this.#passItem(head & 15);
    return head & 15;
  }

  integer(): number {
    const raw = this.#varint();
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
  }

  text(): string {
    const { buffer, byteOffset, byteLength } = this.binary();
    return Buffer.from(buffer, byteOffset, byteLength).toString();
  }

  binary(): Uint8Array {
    return this.take(this.#varint());
  }

  take(length: number): Uint8Array {
    this.#skip(length);
    return this.#bytes.subarray(this.at - length, this.at);
  }

  #pass(type: number): void {
    // In a struct the type of a field says which of the two it is.
    if (type !== WIRE.true && type !== WIRE.false) this.#passItem(type);
  }

  #passItem(type: number): void {
    switch (type) {
      case WIRE.true:
      case WIRE.false:
      case WIRE.byte:
        return this.#skip(1);
      case WIRE.i16:
      case WIRE.i32:
      case WIRE.i64:
        return void this.#varint();
      case WIRE.double:
        return this.#skip(8);
      case WIRE.binary:
        return this.#skip(this.#varint());
      case WIRE.list:
      case WIRE.set:
        return void this.list(() => false);
      case WIRE.map:
        return this.#passMap();
      case WIRE.struct:
        return this.struct(() => false);
      default:
        throw new RangeError(`no wire type: ${type}`);
    }
  }

  #passMap(): void {
    const size = this.#varint();
    const types = size === 0 ? 0 : this.byte();
    for (let i = 0; i < size; i++) {
      this.#passItem(types >> 4);
      this.#passItem(types & 15);
    }
  }

  byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw new RangeError('the bytes end too soon');
    this.at += 1;
    return byte;
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      if (scale > 2 ** 63) throw new RangeError('an integer without end');
    }
  }

  #skip(count: number): void {
    this.at += count;
    if (this.at > this.#bytes.length) throw new RangeError('the bytes end too soon');
  }
}
