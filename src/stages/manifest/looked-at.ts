/** Which columns' values are looked at before rows are read. Pure. */
import { DataType, type Field } from 'apache-arrow';
import { isTextType } from '../../arrow/text.ts';
import { isJsonText } from '../../arrow/typed-text.ts';
import { isListType } from './column-paths.ts';
import type { GivenRoles } from './guess-roles.ts';
import { isToldByName } from './guess-url.ts';
import type { AskedShape } from './plan-shape.ts';

/** Columns some values of which have to be known before it is known which are the URLs, and how rows are made of them. */
export function lookedAt(fields: readonly Field[], { url }: GivenRoles, { explode }: AskedShape): string[] {
  const names = (isMeant: (field: Field) => boolean): string[] => fields.filter(isMeant).map(({ name }) => name);
  const texts = names(({ type }) => isTextType(type));
  if (explode)
    return names(({ name, type }) => (url === undefined ? isTextType(type) || isListType(type) : isPart(url, name)));
  // A list in JSON has to be known before its items are taken for rows, or refused.
  if (url === undefined && isToldByName(texts))
    return names((field) => isJsonText(field) && isToldByName([field.name]));
  if (url === undefined) return [...texts, ...names(({ type }) => holdsListOf(type))];
  return names((field) => isJsonText(field) && isPart(url, field.name));
}

/** Of what may hold URLs. */
function holdsListOf(type: DataType): boolean {
  const item = isListType(type) ? type.children[0]?.type : undefined;
  return item !== undefined && (isTextType(item) || DataType.isStruct(item));
}

function isPart(url: string, column: string): boolean {
  return url === column || url.startsWith(`${column}.`);
}
