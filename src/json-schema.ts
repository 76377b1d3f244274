/** Checks of foreign values against JSON Schemas (ajv), which is loaded and compiles only when something is checked. */
import { createRequire } from 'node:module';
import type { Ajv as AjvClass, ErrorObject, Options, ValidateFunction } from 'ajv';

export interface SchemaCheck<T> {
  (value: unknown): value is T;
  /** What was wrong with the last value; empty when it fitted. */
  problems(): readonly ErrorObject[];
}

/** Loading ajv takes as long as a short list of rows, and most threads and many commands check nothing. */
const require = createRequire(import.meta.url);

export function newAjv(options: Options = {}): AjvClass {
  const { Ajv } = require('ajv') as { Ajv: typeof AjvClass };
  // Our own schemas are checked by the tests: checking them here costs more than what they are for.
  return new Ajv({ ...options, meta: false, validateSchema: false });
}

export function schemaCheck<T>(schema: object, options: Options = {}): SchemaCheck<T> {
  let validate: ValidateFunction<T> | undefined;
  const check = (value: unknown): value is T => {
    validate ??= newAjv(options).compile<T>(schema);
    return validate(value);
  };
  return Object.assign(check, { problems: () => validate?.errors ?? [] });
}

/** In one line, each under its place in the value: `data/id must be string`. */
export function textOfProblems(problems: readonly ErrorObject[], name: string): string {
  return problems.map(({ instancePath, message }) => `${name}${instancePath} ${message}`).join(', ');
}
