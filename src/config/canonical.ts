/** One spelling for every key and value; how problems name them. */
import { withoutSecrets } from '../without-secrets.ts';
import { isBytes, parseBytes } from './expectation.ts';
import type { KeySchema } from './schema/key.ts';
import { CONFIG_KEYS, KEY_OF_SPELLING } from './schema.ts';

export interface Canonical {
  /** Own names only, values in their plain form; unknown keys are left in for the validator to refuse. */
  readonly config: Record<string, unknown>;
  readonly problems: readonly string[];
}

/**
 * Resolve FLOW-DC's spellings and the loose forms of values (sizes as text, one string for a list, null for "not
 * given"). A key under two names is fine as long as both say the same.
 */
export function canonicalConfig(given: Readonly<Record<string, unknown>>): Canonical {
  // A map, because assigning to a key `__proto__` of an object would lose it.
  const values = new Map<string, unknown>();
  const spelledAs = new Map<string, string>();
  const problems: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    // $schema lets an editor find the JSON Schema of the file.
    if (name === '$schema' || value === undefined) continue;
    const key = KEY_OF_SPELLING.get(name) ?? name;
    const schema = CONFIG_KEYS.get(key);
    if (value === null && schema?.fdc.nullable === true) continue;
    const plain = schema === undefined ? value : plainValue(schema, value);
    const earlier = spelledAs.get(key);
    if (earlier !== undefined && JSON.stringify(values.get(key)) !== JSON.stringify(plain)) {
      problems.push(
        `${earlier} and ${name} are one key, but have the values ${show(values.get(key))} and ${show(plain)}; keep one`,
      );
    }
    values.set(key, plain);
    spelledAs.set(key, name);
  }
  return { config: Object.fromEntries(values), problems };
}

/** One value in its plain form, or as it was where it has none (the validator says so then). */
export function plainValue(schema: KeySchema, value: unknown): unknown {
  if (typeof value === 'string' && isBytes(schema)) return parseBytes(value) ?? value;
  if (schema.fdc?.list !== undefined) return plainList(schema, value);
  if (schema.properties !== undefined && isObject(value)) return plainObject(schema.properties, value);
  if (typeof schema.additionalProperties === 'object' && isObject(value)) {
    const rule = schema.additionalProperties;
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, plainValue(rule, entry)]));
  }
  return value;
}

function plainList(schema: KeySchema, value: unknown): unknown {
  const items = typeof value === 'string' ? splitList(schema, value) : value;
  const isNone = schema.fdc?.none === true && Array.isArray(items) && items.length === 1 && items[0] === 'none';
  return isNone ? [] : items;
}

/** The items that one string stands for. */
export function splitList(schema: KeySchema, text: string): string[] {
  if (schema.fdc?.list !== 'comma') return [text];
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function plainObject(
  properties: Readonly<Record<string, KeySchema>>,
  value: Record<string, unknown>,
): Record<string, unknown> {
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return Object.fromEntries(
    entries.map(([name, entry]) => {
      const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
      return [name, schema === undefined ? entry : plainValue(schema, entry)];
    }),
  );
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as JSON, without secrets in URLs, cut to a length that fits into a message. */
export function show(value: unknown): string {
  const text = withoutSecrets(JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
