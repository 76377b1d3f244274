/**
 * extend-1.json and so on among what a job keeps: the manifests that its dataset was made from, each with the rows that
 * are taken from it; the last file is the one that counts. Written before the first of the new rows is asked for.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { FlowDcError } from '../errors.ts';
import { schemaCheck } from '../json-schema.ts';
import { MOST_ROWS, RowBitmap } from '../structures/row-bitmap.ts';
import type { InputIdentity } from './identity.ts';
import type { StateFiles } from './state-files.ts';

/** A manifest, and which of its rows are the dataset's. */
export interface ManifestPart {
  /** Number that its first row has in the dataset. */
  readonly firstRow: number;
  /** How many rows are taken. */
  readonly rows: number;
  /** How many it has. */
  readonly manifestRows: number;
  /** As it is named in the configuration. */
  readonly input: readonly string[];
  readonly identity: readonly InputIdentity[];
  /** File with a bit for each of its rows that is taken; absent where all are. */
  readonly taken?: string | undefined;
  /** Classes in the order of their numbers, where these are written; absent of the first manifest, which names them so. */
  readonly classes?: readonly string[] | undefined;
  /** Rows that the dataset had already, as they were then. */
  readonly known?: { readonly fetched: number; readonly removed?: number; readonly notFetched: number } | undefined;
}

const count = { type: 'integer', minimum: 0 } as const;
const string = { type: 'string' } as const;
const matches = schemaCheck<{ readonly parts: readonly ManifestPart[] }>({
  type: 'object',
  required: ['parts'],
  properties: {
    parts: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['firstRow', 'rows', 'manifestRows', 'input', 'identity'],
        properties: {
          ...{ firstRow: count, rows: count, manifestRows: count, input: { type: 'array', items: string } },
          identity: {
            type: 'array',
            items: {
              type: 'object',
              required: ['name', 'bytes', 'hash'],
              properties: { name: string, bytes: count, hash: string },
            },
          },
          classes: { type: 'array', items: string },
          taken: { type: 'string', pattern: '^extend-\\d+\\.rows$' },
          known: {
            type: 'object',
            required: ['fetched', 'notFetched'],
            properties: { fetched: count, removed: count, notFetched: count },
          },
        },
      },
    },
  },
});

/** In the order of their rows; none where there is one manifest alone. Errors: FDC_ERR_DEST_IO. */
export async function readParts(state: StateFiles): Promise<readonly ManifestPart[]> {
  for (let number = 1, last: Buffer | undefined; ; number += 1) {
    const content = await state.read(extensionFile(number));
    if (content === undefined)
      return last === undefined ? [] : parseParts(last, state.nameOf(extensionFile(number - 1)));
    last = content;
  }
}

/** Rows of a manifest that are taken; undefined for all. Errors: FDC_ERR_DEST_IO. */
export async function takenRows(state: StateFiles, { taken }: ManifestPart): Promise<RowBitmap | undefined> {
  if (taken === undefined) return undefined;
  const content = await state.read(taken);
  try {
    return RowBitmap.fromBytes(inflateRawSync(content as Buffer), MOST_ROWS);
  } catch {
    throw damaged(state.nameOf(taken));
  }
}

/**
 * Begin to add rows: only under the job's lock. The dataset is unfinished before they are there.
 * @param parts - with the new one as the last
 * @param taken - rows of the new one
 * Errors: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO.
 */
export async function beginExtension(
  state: StateFiles,
  parts: readonly ManifestPart[],
  taken: RowBitmap,
): Promise<void> {
  const number = parts.length - 1;
  const file = `extend-${number}.rows`;
  await state.write(file, deflateRawSync(taken.toBytes()));
  await state.unseal();
  await noteParts(
    state,
    parts.map((part, at) => (at === number ? { ...part, taken: file } : part)),
  );
}

/** Whether a manifest is the same, as far as that shows without reading it whole. */
export function sameFiles(before: readonly InputIdentity[], now: readonly InputIdentity[]): boolean {
  const same = before.filter(({ bytes, hash }, at) => now[at]?.bytes === bytes && now[at].hash === hash);
  return same.length === before.length && before.length === now.length;
}

/** Remember that the last manifest is another file now. Errors: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO. */
export async function noteParts(state: StateFiles, parts: readonly ManifestPart[]): Promise<void> {
  await state.write(extensionFile(parts.length - 1), `${JSON.stringify({ parts })}\n`);
}

/** Its name in the state folder. */
export function extensionFile(number: number): string {
  return `extend-${number}.json`;
}

function parseParts(content: Buffer, name: string): readonly ManifestPart[] {
  try {
    const value: unknown = JSON.parse(content.toString('utf8'));
    if (matches(value)) return value.parts;
  } catch {}
  throw damaged(name);
}

function damaged(name: string): FlowDcError {
  const message = `${name} cannot be understood, and says which rows of a manifest belong here; bring it back from a copy`;
  return new FlowDcError('FDC_ERR_DEST_IO', message);
}
