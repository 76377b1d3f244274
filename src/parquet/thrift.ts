/** Structures in Thrift's compact protocol, of which the heads of pages and the foot of a parquet file are made. Pure. */

/** Types by their number in the protocol, as far as parquet uses them. */
export const THRIFT = { true: 1, false: 2, byte: 3, i16: 4, i32: 5, i64: 6, double: 7, binary: 8, list: 9, struct: 12 };

export interface ThriftField {
  readonly type: number;
  readonly value: ThriftValue;
}

/** Fields by number. */
export type ThriftStruct = Map<number, ThriftField>;

export interface ThriftList {
  /** Type of the items. */
  readonly of: number;
  readonly items: readonly ThriftValue[];
}

/** Integers are below 2^53; doubles are their 8 bytes. */
export type ThriftValue = number | boolean | Uint8Array | ThriftList | ThriftStruct;

/** A struct that lies in `bytes` from `at` on. Throws RangeError for one that goes on behind them, TypeError for none. */
export function readStruct(bytes: Uint8Array, at = 0): { readonly struct: ThriftStruct; readonly end: number } {
  const reader = new Reader(bytes, at);
  return { struct: reader.struct(), end: reader.at };
}

class Reader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  struct(): ThriftStruct {
    const fields: ThriftStruct = new Map();
    let last = 0;
    for (let head = this.#byte(); head !== 0; head = this.#byte()) {
      const type = head & 15;
      last = head >> 4 === 0 ? this.#integer() : last + (head >> 4);
      fields.set(last, { type, value: this.#value(type) });
    }
    return fields;
  }

  #value(type: number): ThriftValue {
    switch (type) {
      case THRIFT.true:
        return true;
      case THRIFT.false:
        return false;
      case THRIFT.byte:
        return this.#byte();
      case THRIFT.i16:
      case THRIFT.i32:
      case THRIFT.i64:
        return this.#integer();
      case THRIFT.double:
        return this.#take(8);
      case THRIFT.binary:
        return this.#take(this.#varint());
      case THRIFT.list:
        return this.#list();
      case THRIFT.struct:
        return this.struct();
      default:
        throw new TypeError(`expected a type of Thrift that parquet uses, got ${type}`);
    }
  }

  #list(): ThriftList {
    const head = this.#byte();
    const length = head >> 4 === 15 ? this.#varint() : head >> 4;
    const of = head & 15;
    const items: ThriftValue[] = [];
    // In a list a boolean is a byte of its own.
    for (let i = 0; i < length; i++) items.push(of <= THRIFT.false ? this.#byte() === THRIFT.true : this.#value(of));
    return { of, items };
  }

  #integer(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  #take(length: number): Uint8Array {
    if (this.at + length > this.#bytes.length) throw new RangeError('a struct goes on behind its bytes');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  #byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw new RangeError('a struct goes on behind its bytes');
    this.at += 1;
    return byte;
  }
}

/** The bytes of a struct; its fields in order of number. */
export function writeStruct(struct: ThriftStruct): Buffer {
  const writer = new Writer();
  writer.struct(struct);
  return writer.bytes();
}

class Writer {
  #target = Buffer.allocUnsafe(1024);
  #at = 0;

  bytes(): Buffer {
    return this.#target.subarray(0, this.#at);
  }

  struct(struct: ThriftStruct): void {
    let last = 0;
    for (const [id, { type, value }] of [...struct].sort(([a], [b]) => a - b)) {
      const kind = typeof value === 'boolean' ? (value ? THRIFT.true : THRIFT.false) : type;
      if (id - last < 16) this.#byte(((id - last) << 4) | kind);
      else {
        this.#byte(kind);
        this.#integer(id);
      }
      last = id;
      if (typeof value !== 'boolean') this.#value(type, value);
    }
    this.#byte(0);
  }

  #value(type: number, value: ThriftValue): void {
    if (type === THRIFT.byte) this.#byte(value as number);
    else if (typeof value === 'number') this.#integer(value);
    else if (typeof value === 'boolean') this.#byte(value ? THRIFT.true : THRIFT.false);
    else if (value instanceof Map) this.struct(value);
    else if (value instanceof Uint8Array) {
      if (type === THRIFT.binary) this.#varint(value.length);
      this.#append(value);
    } else this.#list(value);
  }

  #list({ of, items }: ThriftList): void {
    this.#byte((Math.min(items.length, 15) << 4) | of);
    if (items.length >= 15) this.#varint(items.length);
    for (const item of items) this.#value(of, item);
  }

  #integer(value: number): void {
    this.#varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#byte((rest % 128) | 128);
    this.#byte(rest);
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#target[this.#at] = byte;
    this.#at += 1;
  }

  #append(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#target.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#target.length) return;
    const grown = Buffer.allocUnsafe(2 * (this.#at + bytes));
    this.#target.copy(grown, 0, 0, this.#at);
    this.#target = grown;
  }
}
