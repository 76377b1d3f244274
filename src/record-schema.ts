/**
 * What a commit record must look like. Records are read back from a folder or a server that others can write to, and
 * their artifact names become file names at roll-forward: nothing is taken on trust.
 */
import type { ErrorObject } from 'ajv';
import { FlowDcError } from './errors.ts';
import { schemaCheck } from './json-schema.ts';
import type { UnitRecord } from './record.ts';

/** Index and content hash of a unit; also what keeps an id usable as a file name. */
export const UNIT_ID_PATTERN = '^\\d{6,9}-[0-9a-f]{8}$';
/**
 * A plain file name: without separators it cannot leave the output; dots alone and the state folder are excluded by
 * name.
 */
const ARTIFACT_NAME_PATTERN = '^(?!\\.*$|\\.flow-dc$)[\\w.-]{1,255}$';
/** Tokens name staging folders. */
const TOKEN_PATTERN = '^[\\w-]{1,64}$';

/** What a store calls uploads and their parts: one line of printable ASCII, which goes back to the store. */
const STORE_NAME_PATTERN = '^[\\x20-\\x7e]{1,2048}$';

const count = { type: 'integer', minimum: 0 } as const;
const rowsByCode = {
  type: 'object',
  propertyNames: { pattern: '^[a-z][a-z0-9_]{0,63}$' },
  additionalProperties: { type: 'integer', minimum: 1 },
} as const;

/** JSON Schema of UnitRecord. Keys that it does not name are allowed, for records of later versions. */
const recordSchema = {
  type: 'object',
  required: [
    'unit',
    'token',
    'worker',
    'rows',
    'stored',
    'failed',
    'skipped',
    'bytes',
    'artifacts',
    'errors',
    'committedAtMs',
  ],
  properties: {
    unit: { type: 'string', pattern: UNIT_ID_PATTERN },
    token: { type: 'string', pattern: TOKEN_PATTERN },
    worker: { type: 'string', minLength: 1, maxLength: 255 },
    rows: count,
    stored: count,
    failed: count,
    skipped: count,
    bytes: count,
    artifacts: {
      type: 'array',
      maxItems: 4,
      items: {
        type: 'object',
        required: ['name', 'bytes', 'sha256'],
        properties: {
          name: { type: 'string', pattern: ARTIFACT_NAME_PATTERN },
          bytes: count,
          sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
          upload: {
            type: 'object',
            required: ['id', 'parts'],
            properties: {
              id: { type: 'string', pattern: STORE_NAME_PATTERN },
              parts: {
                type: 'array',
                minItems: 1,
                maxItems: 10_000,
                items: { type: 'string', pattern: STORE_NAME_PATTERN },
              },
            },
          },
        },
      },
    },
    errors: rowsByCode,
    media: {
      type: 'object',
      propertyNames: { pattern: '^[a-z0-9]{1,10}$' },
      additionalProperties: { type: 'integer', minimum: 1 },
    },
    host: { type: 'string', minLength: 1, maxLength: 300 },
    committedAtMs: { type: 'number', minimum: 0 },
    again: {
      type: 'object',
      required: ['set', 'failed', 'skipped', 'errors'],
      properties: { set: { type: 'integer', minimum: 2 }, failed: count, skipped: count, errors: rowsByCode },
    },
  },
} as const;

const matches = schemaCheck<UnitRecord>(recordSchema, { allErrors: true });

/**
 * Check a value that claims to be a record.
 * @returns every problem, one short line each; empty when `value` is a UnitRecord
 */
export function recordProblems(value: unknown): readonly string[] {
  if (!matches(value)) return matches.problems().map(describe);
  const problems: string[] = [];
  if (value.stored + value.failed + value.skipped !== value.rows) {
    problems.push(
      `stored ${value.stored} + failed ${value.failed} + skipped ${value.skipped} is not rows ${value.rows}`,
    );
  }
  const explained = Object.values(value.errors).reduce((sum, rows) => sum + rows, 0);
  if (explained !== value.failed + value.skipped) {
    problems.push(`errors explain ${explained} rows, failed + skipped is ${value.failed + value.skipped}`);
  }
  const { again } = value;
  if (again !== undefined && again.failed + again.skipped !== value.rows)
    problems.push(`again failed ${again.failed} + skipped ${again.skipped} is not rows ${value.rows}`);
  const names = new Set(value.artifacts.map((artifact) => artifact.name));
  if (names.size !== value.artifacts.length) problems.push('two artifacts have the same name');
  return problems;
}

/** Throws FDC_ERR_SINK_PROTOCOL unless `value` is a record: for records that a sink offers. */
export function assertRecord(value: unknown): asserts value is UnitRecord {
  const problems = recordProblems(value);
  if (problems.length > 0)
    throw new FlowDcError('FDC_ERR_SINK_PROTOCOL', `Expected a unit record, got one where ${problems.join('; ')}`);
}

function describe(error: ErrorObject): string {
  return (
    `${error.instancePath === '' ? 'record' : error.instancePath.slice(1).replaceAll('/', '.')} ` +
    `${error.message ?? error.keyword}`
  );
}
