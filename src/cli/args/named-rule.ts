/** One rule of a map as a flag: `images.example.org: rate=5, C_max=2`. */
import type { KeySchema } from '../../config/schema/key.ts';

/** @returns the map with that rule; undefined for a text of another form, or a key twice. Unknown keys are left for the validator. */
export function namedRule(schema: KeySchema, text: string): Record<string, Record<string, unknown>> | undefined {
  // A port belongs to the name: what begins with a letter and an equals sign begins the rule.
  const [, name, rule] = /^\s*(\S+?):\s*([A-Za-z_][\w-]*\s*=.*)$/s.exec(text) ?? [];
  if (name === undefined || rule === undefined) return undefined;
  const known = typeof schema.additionalProperties === 'object' ? (schema.additionalProperties.properties ?? {}) : {};
  const values: Record<string, unknown> = {};
  for (const part of rule.split(',')) {
    const at = part.indexOf('=');
    if (at < 0) return undefined;
    const key = nameOf(part.slice(0, at).trim(), Object.keys(known));
    if (Object.hasOwn(values, key)) return undefined;
    values[key] = typed(known[key], part.slice(at + 1).trim());
  }
  return { [name]: values };
}

/** `c-max` is `C_max`. */
function nameOf(written: string, known: readonly string[]): string {
  const plain = (name: string): string => name.toLowerCase().replaceAll('-', '_');
  return known.find((name) => plain(name) === plain(written)) ?? written;
}

function typed(schema: KeySchema | undefined, text: string): unknown {
  if (schema?.type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  const isNumber = schema?.type === 'integer' || schema?.type === 'number';
  return isNumber && /^\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
