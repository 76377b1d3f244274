/** A type without its dictionaries. */
import { DataType, Field } from 'apache-arrow';

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
