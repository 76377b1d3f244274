/** The builder of any type. */
import { DataType } from 'apache-arrow';
import type { ColumnBuilder } from './column-builder.ts';
import { BoolBuilder, BytesBuilder, FixedBuilder } from './flat-builders.ts';
import type { Expected } from './growing.ts';
import { DictionaryBuilder, FixedSizeListBuilder, ListBuilder, NullBuilder, StructBuilder } from './nested-builders.ts';

/** Throws TypeError for unions. Dictionary columns come out as their values. */
export function columnBuilder(type: DataType, expected: Expected): ColumnBuilder {
  if (DataType.isDictionary(type)) {
    return new DictionaryBuilder(type.dictionary, expected, [columnBuilder(type.dictionary, expected)]);
  }
  if (DataType.isNull(type)) return new NullBuilder(type, expected);
  if (DataType.isUnion(type)) throw new TypeError(`a column of type ${type} cannot be gathered`);
  const children = (type.children ?? []).map((field) => columnBuilder(field.type, expected));
  if (DataType.isStruct(type)) return new StructBuilder(type, expected, children);
  if (DataType.isFixedSizeList(type)) return new FixedSizeListBuilder(type, expected, children);
  if (DataType.isList(type) || DataType.isMap(type)) return new ListBuilder(type, expected, children);
  if (DataType.isBool(type)) return new BoolBuilder(type, expected);
  if (DataType.isUtf8(type) || DataType.isBinary(type)) return new BytesBuilder(type, expected);
  if (DataType.isLargeUtf8(type) || DataType.isLargeBinary(type)) return new BytesBuilder(type, expected);
  return new FixedBuilder(type, expected);
}
