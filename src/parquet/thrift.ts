/** Structures in Thrift's compact protocol, of which the heads of pages and the foot of a parquet file are made. Pure. */
import { CompactReader, WIRE } from './compact-reader.ts';

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
  const reader = new CompactReader(bytes, at);
  return { struct: readFields(reader), end: reader.at };
}

function readFields(reader: CompactReader): ThriftStruct {
  const fields: ThriftStruct = new Map();
  reader.struct((id, type) => {
    fields.set(id, { type, value: readValue(reader, type) });
    return true;
  });
  return fields;
}

function readValue(reader: CompactReader, type: number): ThriftValue {
  switch (type) {
    case WIRE.true:
      return true;
    case WIRE.false:
      return false;
    case WIRE.byte:
      return reader.byte();
    case WIRE.i16:
    case WIRE.i32:
    case WIRE.i64:
      return reader.integer();
    case WIRE.double:
      return reader.take(8);
    case WIRE.binary:
      return reader.binary();
    case WIRE.list:
      return readList(reader);
    case WIRE.struct:
      return readFields(reader);
    default:
      throw new TypeError(`expected a type of Thrift that parquet uses, got ${type}`);
  }
}

function readList(reader: CompactReader): ThriftList {
  const items: ThriftValue[] = [];
  const of = reader.list((type) => {
    // In a list a boolean is a byte of its own.
    items.push(type <= WIRE.false ? reader.byte() === WIRE.true : readValue(reader, type));
    return true;
  });
  return { of, items };
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
      const kind = typeof value === 'boolean' ? (value ? WIRE.true : WIRE.false) : type;
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
    if (type === WIRE.byte) this.#byte(value as number);
    else if (typeof value === 'number') this.#integer(value);
    else if (typeof value === 'boolean') this.#byte(value ? WIRE.true : WIRE.false);
    else if (value instanceof Map) this.struct(value);
    else if (value instanceof Uint8Array) {
      if (type === WIRE.binary) this.#varint(value.length);
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
