/** What follows from a column's type alone: its plain form, a column of nulls, how wide a row is. */
import { type Data, DataType, Field, makeData } from 'apache-arrow';

/** A type with its dictionaries, also nested ones, replaced by the types of their values. */
export function plainType(type: DataType): DataType {
  if (DataType.isDictionary(type)) return plainType(type.dictionary);
  const children = type.children ?? [];
  if (!children.some((child) => plainType(child.type) !== child.type)) return type;
  const copy = Object.assign(Object.create(Object.getPrototypeOf(type)), type);
  copy.children = children.map(
    (child: Field) => new Field(child.name, plainType(child.type), child.nullable, child.metadata),
  );
  return copy;
}

/** A column of `length` nulls of any type that a manifest can hold; dictionary types come out as their value type. */
export function nullData(type: DataType, length: number): Data {
  if (DataType.isDictionary(type)) return nullData(type.dictionary, length);
  if (DataType.isNull(type)) return makeData({ type, length });
  const nullBitmap = new Uint8Array((length + 7) >> 3);
  const base = { type, length, nullCount: length, nullBitmap };
  const children = type.children ?? [];
  if (DataType.isStruct(type)) {
    return makeData({ ...base, type, children: children.map((field) => nullData(field.type, length)) });
  }
  if (DataType.isFixedSizeList(type)) {
    return makeData({ ...base, type, child: nullData(type.valueType, length * type.listSize) });
  }
  if (DataType.isList(type) || DataType.isMap(type)) {
    const child = nullData((children[0] as (typeof children)[number]).type, 0);
    return makeData({ ...base, type, valueOffsets: new Int32Array(length + 1), child } as Parameters<
      typeof makeData
    >[0]);
  }
  if (DataType.isUtf8(type) || DataType.isBinary(type)) {
    return makeData({ ...base, type, valueOffsets: new Int32Array(length + 1), data: new Uint8Array(0) } as Parameters<
      typeof makeData
    >[0]);
  }
  if (DataType.isLargeUtf8(type) || DataType.isLargeBinary(type)) {
    return makeData({
      ...base,
      type,
      valueOffsets: new BigInt64Array(length + 1),
      data: new Uint8Array(0),
    } as Parameters<typeof makeData>[0]);
  }
  if (DataType.isBool(type)) return makeData({ ...base, type, data: new Uint8Array((length + 7) >> 3) });
  if (DataType.isUnion(type)) throw new TypeError(`a column of type ${type} cannot be read: no parquet file holds one`);
  return makeData({
    ...base,
    type,
    data: new (type.ArrayType as Uint8ArrayConstructor)(length * valuesPerRow(type)),
  } as Parameters<typeof makeData>[0]);
}

/**
 * Array elements that one value of a fixed-width type takes: 4 for decimal128, the byte width for fixed-size binary.
 */
export function valuesPerRow(type: DataType): number {
  return makeData({ type, length: 0, data: [] } as unknown as Parameters<typeof makeData>[0]).stride;
}
