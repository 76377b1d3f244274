/** Which columns of a parquet file are UUIDs, by its footer: the reader hands them on as bytes, and says no more. Pure. */

/** Wire types of Thrift's compact protocol. */
const [STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT] = [
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
] as const;
/** Ids of fields as parquet.thrift has them. */
const [FILE_SCHEMA, ELEMENT_NAME, ELEMENT_CHILDREN, ELEMENT_LOGICAL, LOGICAL_UUID] = [2, 4, 5, 10, 14];
const MAX_DEPTH = 64;

/** @returns names of columns that are not nested; none for a footer that cannot be understood */
export function uuidColumns(footer: Uint8Array): readonly string[] {
  try {
    const reader = new CompactReader(footer);
    const elements: Element[] = [];
    reader.struct((id, type) => {
      if (id !== FILE_SCHEMA || type !== LIST) return false;
      reader.list((item) => {
        if (item !== STRUCT) return false;
        elements.push(schemaElement(reader));
        return true;
      });
      return true;
    });
    return topLeaves(elements).flatMap(({ name, isUuid }) => (isUuid ? name : []));
  } catch {
    return [];
  }
}

interface Element {
  name: string;
  children: number;
  isUuid: boolean;
}

function schemaElement(reader: CompactReader): Element {
  const element: Element = { name: '', children: 0, isUuid: false };
  reader.struct((id, type) => {
    if (id === ELEMENT_NAME && type === BINARY) element.name = reader.text();
    else if (id === ELEMENT_CHILDREN && type === I32) element.children = reader.integer();
    else if (id === ELEMENT_LOGICAL && type === STRUCT)
      reader.struct((logical) => {
        if (logical === LOGICAL_UUID) element.isUuid = true;
        return false;
      });
    else return false;
    return true;
  });
  return element;
}

/** Elements are in depth-first order, the root first. */
function topLeaves(elements: readonly Element[]): Element[] {
  const leaves: Element[] = [];
  for (let at = 1; at < elements.length; ) {
    const element = elements[at] as Element;
    if (element.children === 0) leaves.push(element);
    // Past all that is below it.
    for (let open = 1; open > 0 && at < elements.length; at += 1) open += (elements[at] as Element).children - 1;
  }
  return leaves;
}

class CompactReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** @param take - reads a field's value and says so; what it does not read is passed over */
  struct(take: (id: number, type: number) => boolean): void {
    if (++this.#depth > MAX_DEPTH) throw new RangeError('nested too deep');
    for (let id = 0; ; ) {
      const head = this.#byte();
      const type = head & 15;
      if (type === STOP) break;
      id = head >> 4 === 0 ? this.integer() : id + (head >> 4);
      if (!take(id, type)) this.#pass(type);
    }
    this.#depth -= 1;
  }

  /** @param take - as for a struct */
  list(take: (type: number) => boolean): void {
    const head = this.#byte();
    const size = head >> 4 === 15 ? this.#varint() : head >> 4;
    for (let i = 0; i < size; i++) if (!take(head & 15)) this.#passItem(head & 15);
  }

  integer(): number {
    const raw = this.#varint();
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
  }

  text(): string {
    const length = this.#varint();
    const from = this.#at;
    this.#skip(length);
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + from, length).toString();
  }

  #pass(type: number): void {
    // In a struct the type of a field says which of the two it is.
    if (type !== TRUE && type !== FALSE) this.#passItem(type);
  }

  #passItem(type: number): void {
    switch (type) {
      case TRUE:
      case FALSE:
      case BYTE:
        return this.#skip(1);
      case I16:
      case I32:
      case I64:
        return void this.#varint();
      case DOUBLE:
        return this.#skip(8);
      case BINARY:
        return this.#skip(this.#varint());
      case LIST:
      case SET:
        return this.list(() => false);
      case MAP:
        return this.#passMap();
      case STRUCT:
        return this.struct(() => false);
      default:
        throw new RangeError(`no wire type: ${type}`);
    }
  }

  #passMap(): void {
    const size = this.#varint();
    const types = size === 0 ? 0 : this.#byte();
    for (let i = 0; i < size; i++) {
      this.#passItem(types >> 4);
      this.#passItem(types & 15);
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new RangeError('the bytes end too soon');
    return byte;
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      if (scale > 2 ** 63) throw new RangeError('an integer without end');
    }
  }

  #skip(count: number): void {
    this.#at += count;
    if (this.#at > this.#bytes.length) throw new RangeError('the bytes end too soon');
  }
}
