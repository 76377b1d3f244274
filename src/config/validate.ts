/** Checks against the schema (ajv). */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { show } from './canonical.ts';
import { expectation } from './expectation.ts';
import { nearest } from './nearest.ts';
import type { KeySchema } from './schema/key.ts';

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
  readonly spelling?: (key: string) => string;
}

const compiled = new WeakMap<ObjectSchema, ValidateFunction>();
let ajv: Ajv | undefined;

/**
 * Every problem of `value`, one line each, in the order of the value's keys; empty when it is valid.
 */
export function problemsOf(schema: ObjectSchema, value: Readonly<Record<string, unknown>>, names: Names): string[] {
  const validate = compiledFor(schema);
  if (validate(value)) return [];
  const byPath = new Map<string, string>();
  for (const error of validate.errors ?? []) {
    const [path, problem] = describe(error, names);
    if (!byPath.has(path)) byPath.set(path, problem);
  }
  const order = Object.keys(value);
  const rank = (path: string) => order.indexOf(path.split(/[.[]/, 1)[0] ?? '');
  return [...byPath].sort(([a], [b]) => rank(a) - rank(b)).map(([, problem]) => problem);
}

function compiledFor(schema: ObjectSchema): ValidateFunction {
  let validate = compiled.get(schema);
  if (validate === undefined) {
    ajv ??= newAjv();
    validate = ajv.compile(schema);
    compiled.set(schema, validate);
  }
  return validate;
}

function newAjv(): Ajv {
  // verbose gives errors their schema, from which the message is made.
  const instance = new Ajv({ allErrors: true, strict: true, verbose: true });
  instance.addKeyword({ keyword: 'fdc', schemaType: 'object' });
  return instance;
}

function describe(error: ErrorObject, names: Names): [path: string, problem: string] {
  const path = readablePath(error.instancePath);
  if (error.keyword === 'additionalProperties') {
    const unknown = String((error.params as { additionalProperty: string }).additionalProperty);
    const near =
      (path === '' ? names.suggest(unknown) : undefined) ??
      nearest(unknown, Object.keys((error.parentSchema as ObjectSchema).properties));
    const full = path === '' ? unknown : `${path}.${unknown}`;
    return [full, `unknown ${names.kind} ${full}${near === undefined ? '' : `; did you mean ${near}?`}`];
  }
  const spelled = path.replace(/^\w+/, (key) => names.spelling?.(key) ?? key);
  return [
    path,
    `${spelled}: expected ${expectation(error.parentSchema as unknown as KeySchema)}, got ${show(error.data)}`,
  ];
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
