/** Words that docs and types share. */
import { formatBytes, isBytes } from '../../src/config/expectation.ts';
import type { KeySchema } from '../../src/config/schema/key.ts';

const UNITS: Readonly<Record<string, string>> = { s: 'seconds', min: 'minutes' };

/** `In seconds.`, or for options, whose names carry their unit, nothing. */
export function unitText(schema: KeySchema, asOption: boolean): string {
  const unit = UNITS[schema.fdc?.unit ?? ''];
  return unit === undefined || asOption ? '' : `In ${unit}.`;
}

/** `Default: 30.`, in the option's unit where one is described; nothing without a default. */
export function defaultText(schema: KeySchema, asOption: boolean): string {
  const value = defaultValue(schema, asOption ? (schema.fdc?.scale ?? 1) : 1);
  return value === '' ? '' : `Default: ${value}.`;
}

/** The default for people; sizes with their unit, lists with commas. */
export function defaultValue(schema: KeySchema, scale = 1): string {
  if (schema.fdc?.derived !== undefined) return schema.fdc.derived;
  const value = schema.default;
  if (value === undefined) return '';
  if (typeof value === 'number') return isBytes(schema) ? formatBytes(value) : String(value * scale);
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'object' ? '' : String(value);
}
