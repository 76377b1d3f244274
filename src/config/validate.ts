/** Everything that is wrong with a configuration or with options, all at once (ajv). */
import type { Ajv, ErrorObject, ValidateFunction } from 'ajv';
import { FlowDcError } from '../errors.ts';
import { newAjv } from '../json-schema.ts';
import { type Canonical, canonicalConfig, show } from './canonical.ts';
import { expectation } from './expectation.ts';
import { nearest } from './nearest.ts';
import { meantHost } from './schema/host-glob.ts';
import { type KeySchema, SLICES } from './schema/key.ts';
import { CONFIG_KEYS, CONFIG_SCHEMA, KEY_OF_SPELLING, keysOfSlice } from './schema.ts';

/** An object schema whose properties are keys. */
export interface ObjectSchema {
  readonly type: 'object';
  readonly additionalProperties: false;
  readonly properties: Readonly<Record<string, KeySchema>>;
}

/** How problems speak of the value's keys. */
export interface Names {
  /** What a key is called: `key`, `option`. */
  readonly kind: string;
  /** The right name for an unknown top-level one, asked before the nearest name is looked for. */
  readonly suggest: (unknown: string) => string | undefined;
  /** A known top-level key as its user writes it; unchanged when absent. */
  readonly spelling?: ((key: string) => string) | undefined;
}

/** By schema and the names that are there: most keys are left out of most configurations, and compiling costs most. */
const compiled = new WeakMap<ObjectSchema, Map<string, ValidateFunction>>();
let ajv: Ajv | undefined;

/** A configuration under own names. */
const CONFIG_OBJECT: ObjectSchema = {
  type: 'object',
  additionalProperties: false,
  properties: CONFIG_SCHEMA.properties,
};

/**
 * A configuration in own names and plain values, with everything that is wrong with its keys and their types.
 * @param spelling - how problems write a key; as in files when absent
 */
export function checkedConfig(given: Readonly<Record<string, unknown>>, spelling?: (key: string) => string): Canonical {
  const { config, problems } = canonicalConfig(given);
  return {
    config,
    problems: [...problemsOf(CONFIG_OBJECT, config, { kind: 'key', suggest: keyForUnknown, spelling }), ...problems],
  };
}

/** FDC_ERR_CONFIG_INVALID about a place such as a file's name, in one line however many problems there are. */
export function configInvalid(place: string, problems: readonly string[]): FlowDcError {
  return new FlowDcError('FDC_ERR_CONFIG_INVALID', `${place}: ${problems.join('; ')}`, { issues: problems });
}

/**
 * Every problem of `value`, one line each, in the order of the value's keys; empty when it is valid.
 */
export function problemsOf(schema: ObjectSchema, value: Readonly<Record<string, unknown>>, names: Names): string[] {
  const validate = compiledFor(schema, Object.keys(value));
  if (validate(value)) return [];
  const byPath = new Map<string, string>();
  for (const error of validate.errors ?? []) {
    const [path, problem] = describe(error, schema, names);
    if (!byPath.has(path)) byPath.set(path, problem);
  }
  const order = Object.keys(value);
  const rank = (path: string) => order.indexOf(path.split(/[.[]/, 1)[0] ?? '');
  return [...byPath].sort(([a], [b]) => rank(a) - rank(b)).map(([, problem]) => problem);
}

function compiledFor(schema: ObjectSchema, names: readonly string[]): ValidateFunction {
  const known = names.filter((name) => Object.hasOwn(schema.properties, name));
  const id = known.join(' ');
  const cached = compiled.get(schema) ?? new Map<string, ValidateFunction>();
  compiled.set(schema, cached);
  let validate = cached.get(id);
  if (validate === undefined) {
    ajv ??= configAjv();
    const properties = Object.fromEntries(known.map((name) => [name, schema.properties[name]]));
    validate = ajv.compile({ ...schema, properties });
    cached.set(id, validate);
  }
  return validate;
}

function configAjv(): Ajv {
  // verbose gives errors their schema, from which the message is made.
  const instance = newAjv({ allErrors: true, strict: true, verbose: true });
  instance.addKeyword({ keyword: 'fdc', schemaType: 'object' });
  return instance;
}

function describe(error: ErrorObject, schema: ObjectSchema, names: Names): [path: string, problem: string] {
  const path = readablePath(error.instancePath);
  if (error.keyword === 'additionalProperties') {
    const unknown = String((error.params as { additionalProperty: string }).additionalProperty);
    const known = Object.keys((path === '' ? schema : (error.parentSchema as ObjectSchema)).properties);
    const near = (path === '' ? names.suggest(unknown) : undefined) ?? nearest(unknown, known);
    const full = path === '' ? unknown : `${path}.${unknown}`;
    const others = path === '' ? '' : `; there are ${known.join(', ')}`;
    return [full, `unknown ${names.kind} ${full}${near === undefined ? others : `; did you mean ${near}?`}`];
  }
  if (error.propertyName !== undefined || error.keyword === 'propertyNames') {
    const name = error.propertyName ?? String((error.params as { propertyName: string }).propertyName);
    const near = meantHost(name);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    const shape = 'expected a host such as h.example, *.h.example or h.example:8080 (80 and 443 are left out)';
    return [`${path}.${name}`, `${names.spelling?.(path) ?? path}: ${shape}, got ${show(name)}${hint}`];
  }
  const spelled = path.replace(/^\w+/, (key) => names.spelling?.(key) ?? key);
  const expected = error.parentSchema as unknown as KeySchema;
  const isSecret = (expected.fdc?.secret ?? expected.items?.fdc?.secret) === true;
  if (error.keyword === 'minLength') return [path, `${spelled}: expected a text that is not empty`];
  const got = isSecret ? 'something else, which may be a secret and is not shown' : show(error.data);
  return [path, `${spelled}: expected ${expectation(expected)}, got ${got}`];
}

/** `/hosts/*.org/C_max` is hosts["*.org"].C_max, `/header/0` is header[0]. */
function readablePath(pointer: string): string {
  const parts = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return parts.reduce((path, part) => {
    if (path === '') return part;
    if (/^\d+$/.test(part)) return `${path}[${part}]`;
    return /^[A-Za-z_]\w*$/.test(part) ? `${path}.${part}` : `${path}[${JSON.stringify(part)}]`;
  }, '');
}

/** The key somebody meant who wrote the option of code (`timeoutMs`) or misspelt one of FLOW-DC's other names. */
function keyForUnknown(name: string): string | undefined {
  for (const slice of SLICES) {
    const entry = keysOfSlice(slice).find(({ option }) => option === name);
    if (entry !== undefined) return entry.key;
  }
  const spelling = nearest(name, KEY_OF_SPELLING.keys());
  return spelling === undefined || CONFIG_KEYS.has(spelling)
    ? spelling
    : `${spelling} (that is ${KEY_OF_SPELLING.get(spelling)})`;
}
