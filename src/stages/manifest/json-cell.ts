/** JSON in a cell: its value, and a place within it. Pure. */
import type { JsonValue } from '../../arrow/json-value.ts';

export type { JsonValue };

/** Integers that a double may not hold, outside of strings. */
const LONG_NUMBER = /\d{16}/;
const STRING_OR_LONG = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/gs;

/** Undefined for what is no JSON. Integers of 16 digits and more are texts, so that no digit is lost. */
export function readJson(text: string): JsonValue | undefined {
  const exact = LONG_NUMBER.test(text)
    ? text.replace(STRING_OR_LONG, (found) => (found.startsWith('"') ? found : `"${found}"`))
    : text;
  try {
    return JSON.parse(exact) as JsonValue;
  } catch {
    return undefined;
  }
}

/** What a cell of text holds where a place within it is asked for: JSON, or the text itself. */
export function cellValue(text: string | null): JsonValue {
  if (text === null) return null;
  return /^\s*[{["]/.test(text) ? (readJson(text) ?? text) : text;
}

/** The value at a place: members by name, items of a list by number; null where there is none. */
export function valueAt(value: JsonValue, steps: readonly string[]): JsonValue {
  let here = value;
  for (const step of steps) {
    if (Array.isArray(here)) here = /^\d+$/.test(step) ? (here[Number(step)] ?? null) : null;
    else if (isObject(here)) here = Object.hasOwn(here, step) ? (here[step] as JsonValue) : null;
    else return null;
  }
  return here;
}

/** The same value with another one at a place. */
export function withValueAt(value: JsonValue, steps: readonly string[], put: JsonValue): JsonValue {
  const [step, ...rest] = steps;
  if (step === undefined) return put;
  if (Array.isArray(value)) return value.map((item, at) => (String(at) === step ? withValueAt(item, rest, put) : item));
  return isObject(value) ? { ...value, [step]: withValueAt(value[step] as JsonValue, rest, put) } : value;
}

/** As a column of text has it. */
export function textOf(value: JsonValue): string | null {
  if (value === null || typeof value === 'string') return value;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export function isObject(value: JsonValue): value is { [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
