/** What a value may be, in words that finish "expected ...", and sizes as text. */
import type { KeySchema } from './schema/key.ts';

/** `64MiB`, `64M` and `64MB` alike are binary: nobody who sets a memory limit wants two meanings of M. */
const SIZE = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$/i;

/** The same for the published schema, whose readers may lack flags. */
export const SIZE_PATTERN = '^\\s*\\d+(\\.\\d+)?\\s*[kKmMgGtT]?([iI]?[bB])?\\s*$';

const POWERS = ['', 'k', 'm', 'g', 't'];

/** What a value may be, in words that finish "expected ...": `an integer from 1 to 10000`, `one of a, b`. */
export function expectation(schema: KeySchema): string {
  const meta = schema.fdc ?? {};
  if (meta.expects !== undefined) return meta.expects;
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  switch (schema.type) {
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'a text';
    case 'array':
      return `a list, each ${expectation(schema.items ?? { type: 'string' })}`;
    case 'object':
      return 'an object';
    default:
      return isBytes(schema)
        ? `a size such as 67108864 or "64MiB"${leastSize(schema)}`
        : `${article(schema)}${bounds(schema)}`;
  }
}

/** Whether the key's value is a number of bytes and may be written as a string with a unit. */
export function isBytes(schema: KeySchema): boolean {
  return schema.fdc?.unit === 'bytes' || schema.fdc?.unit === 'bytes/s';
}

function article(schema: KeySchema): string {
  return schema.type === 'integer' ? 'an integer' : 'a number';
}

function leastSize({ minimum = 0 }: KeySchema): string {
  return minimum > 1 ? `, at least ${formatBytes(minimum)}` : '';
}

/** ` from 1 to 9`, ` above 0 and below 1`, ` of at least 2`, or nothing. */
function bounds(schema: KeySchema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  const parts: string[] = [];
  if (minimum !== undefined) parts.push(`of at least ${minimum}`);
  if (exclusiveMinimum !== undefined) parts.push(`above ${exclusiveMinimum}`);
  if (maximum !== undefined) parts.push(`of at most ${maximum}`);
  if (exclusiveMaximum !== undefined) parts.push(`below ${exclusiveMaximum}`);
  return parts.length === 0 ? '' : ` ${parts.join(' and ')}`;
}

/** Bytes of `65536`, `64KiB`, `1.5g`; whole, rounded. Undefined when the text is not a size. */
export function parseBytes(text: string): number | undefined {
  const match = SIZE.exec(text);
  if (match === null) return undefined;
  const power = POWERS.indexOf((match[2] ?? '').toLowerCase());
  const bytes = Math.round(Number(match[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The largest unit in which the number is whole: 67108864 is `64MiB`, 1000 is `1000`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let power = 0;
  while (value !== 0 && value % 1024 === 0 && power < POWERS.length - 1) {
    value /= 1024;
    power += 1;
  }
  return power === 0 ? String(value) : `${value}${(POWERS[power] as string).toUpperCase()}iB`;
}
