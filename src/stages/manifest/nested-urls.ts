/** Places within columns that seem to hold URLs, for whoever has no column of them. Pure. */
import { DataType, type Field } from 'apache-arrow';
import { isTextType } from '../../arrow/text.ts';
import { isListType } from './column-paths.ts';
import { guessUrl } from './guess-url.ts';
import { cellValue, isObject, type JsonValue } from './json-cell.ts';

export interface NestedUrl {
  /** As a column is named. */
  readonly name: string;
  /** It lies in a list. */
  readonly isInList: boolean;
}

/** So deep they are looked for. */
const MOST_STEPS = 4;
const MOST_PLACES = 200;

/** @param values - a few of a column as text; JSON is looked into */
export function nestedUrls(
  columns: readonly Field[],
  values: (column: string) => readonly (string | null)[],
): NestedUrl[] {
  return columns.flatMap((column) => {
    const places = new Map<string, { isInList: boolean; values: (string | null)[] }>();
    const add = (name: string, isInList: boolean, value?: string): void => {
      const known = places.get(name) ?? { isInList, values: [] };
      if (value !== undefined) known.values.push(value);
      if (places.size < MOST_PLACES) places.set(name, known);
    };
    const known = values(column.name);
    if (isTextType(column.type) || known.length > 0)
      for (const value of known) inValue(cellValue(value), column.name, false, MOST_STEPS, add);
    else inType(column.type, column.name, false, MOST_STEPS, add);
    const best = guessUrl([...places.keys()].map(lastStep), (step) => valuesOf(step));
    const name =
      best &&
      [...places].find(
        ([place, { isInList }]) => (place !== column.name || isInList) && lastStep(place) === best.name,
      )?.[0];
    return name === undefined ? [] : [{ name, isInList: places.get(name)?.isInList === true }];

    function valuesOf(step: string): (string | null)[] {
      return [...places].flatMap(([name, place]) => (lastStep(name) === step ? place.values : []));
    }
  });
}

type Add = (name: string, isInList: boolean, value?: string) => void;

function inType(type: DataType, name: string, isInList: boolean, left: number, add: Add): void {
  if (isTextType(type)) add(name, isInList);
  else if (left > 0 && isListType(type)) inType((type.children[0] as Field).type, name, true, left - 1, add);
  else if (left > 0 && DataType.isStruct(type))
    for (const member of type.children) inType(member.type, `${name}.${member.name}`, isInList, left - 1, add);
}

function inValue(value: JsonValue, name: string, isInList: boolean, left: number, add: Add): void {
  if (typeof value === 'string') add(name, isInList, value);
  else if (left > 0 && Array.isArray(value))
    for (const item of value.slice(0, 8)) inValue(item, name, true, left - 1, add);
  else if (left > 0 && isObject(value))
    for (const [member, inner] of Object.entries(value)) inValue(inner, `${name}.${member}`, isInList, left - 1, add);
}

function lastStep(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
