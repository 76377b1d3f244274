/**
 * Units that a run had to leave half done: what it had fetched of them, staged as a shard that nobody committed, and
 * read back row by row by the run that goes on.
 *
 *   STATE/kept/000012-1a2b3c4d/   000012.tar (or .tar.gz, or .files and files/), 000012.parquet, kept.json
 *
 * A kept unit is a saving and never a fact: whatever of it cannot be read, or is not what its table says, is fetched
 * again, and the folder goes when the unit is committed.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInflateRaw } from 'node:zlib';
import { digestFile, FILE_LIST_SUFFIX } from '../destination/hashed-file.ts';
import { isFlowDcError } from '../errors.ts';
import { schemaCheck } from '../json-schema.ts';
import { scanMedia } from '../parquet/scan.ts';
import type { Artifact, UnitId } from '../record.ts';
import { type KeptRow, keptRows } from './outcome-rows.ts';
import { isDataFile } from './unit-files.ts';

/** What was kept of a unit, in numbers, and the files that hold it. */
export interface KeptUnit {
  readonly unit: UnitId;
  /** Rows that have their result, stored or not. */
  readonly rows: number;
  readonly stored: number;
  /** Of stored bodies. */
  readonly bytes: number;
  readonly container: Artifact;
  readonly table: Artifact;
}

/** What we write before the packed bytes: no name, no time. */
const GZIP_HEAD_BYTES = 10;
const CHUNKS = { highWaterMark: 1024 * 1024 };

/** The file that makes a folder of staged files a kept unit. */
export const KEPT_FILE = 'kept.json';

const artifact = {
  type: 'object',
  required: ['name', 'bytes', 'sha256'],
  properties: {
    name: { type: 'string', pattern: '^[\\w-][\\w.-]*$' },
    bytes: { type: 'integer' },
    sha256: { type: 'string' },
  },
} as const;
const count = { type: 'integer', minimum: 0 } as const;
const matches = schemaCheck<KeptUnit>({
  type: 'object',
  required: ['unit', 'rows', 'stored', 'bytes', 'container', 'table'],
  properties: {
    unit: { type: 'string' },
    rows: count,
    stored: count,
    bytes: count,
    container: artifact,
    table: artifact,
  },
});

export function formatKept(kept: KeptUnit): string {
  return `${JSON.stringify(kept)}\n`;
}

/** Every kept unit below `folder`, in no order. */
export async function* keptUnits(folder: string): AsyncGenerator<KeptUnit> {
  for (const name of await readdir(folder).catch(() => [])) {
    const kept = await readKept(join(folder, name));
    if (kept?.unit === name) yield kept;
  }
}

/** Whether anything was kept of a unit: cheap, since it is asked of every unit. */
export function isKept(folder: string, unit: UnitId): boolean {
  return existsSync(join(folder, unit, KEPT_FILE));
}

/** Forget what was kept of a unit. */
export async function dropKept(folder: string, unit: UnitId): Promise<void> {
  await rm(join(folder, unit), { recursive: true, force: true });
}

/** What can be had back of a unit. */
export interface RowsBack {
  /** By position in the unit. */
  readonly rows: ReadonlyMap<number, KeptRow>;
  /** The bodies of the stored ones, each as it was fetched, in the order of the container; wrong ones are left out. */
  bodies(): AsyncIterable<readonly [index: number, body: Buffer]>;
}

/** Read back what was kept of a unit; undefined when there is nothing, or nothing that can be relied on. */
export async function openKept(folder: string, unit: UnitId): Promise<RowsBack | undefined> {
  const place = join(folder, unit);
  const kept = await readKept(place);
  if (kept?.unit !== unit) return undefined;
  const path = join(place, kept.table.name);
  const digest = await digestFile(path).catch(() => undefined);
  // A damaged table must not even be looked at: it can make its reader panic.
  if (digest?.sha256 !== kept.table.sha256) return undefined;
  const rows = keptRows(await readFile(path));
  return { rows, bodies: () => goodBodies(rows, membersOf(place, kept.container.name, rows)) };
}

async function readKept(place: string): Promise<KeptUnit | undefined> {
  const text = await readFile(join(place, KEPT_FILE), 'utf8').catch(() => 'null');
  try {
    const value: unknown = JSON.parse(text);
    return matches(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

type Members = AsyncIterable<readonly [name: string, body: Buffer]>;

async function* goodBodies(
  rows: ReadonlyMap<number, KeptRow>,
  members: Members,
): AsyncGenerator<readonly [index: number, body: Buffer]> {
  const byName = new Map<string, number>();
  for (const [index, { name }] of rows) if (name !== undefined) byName.set(name, index);
  try {
    for await (const [name, body] of members) {
      const index = byName.get(name);
      if (index !== undefined && isWhole(rows.get(index) as KeptRow, body)) yield [index, body];
    }
  } catch (error) {
    // A container that ends in the middle has given what it had.
    if (isFlowDcError(error)) throw error;
  }
}

function isWhole({ bytes, sha256 }: KeptRow, body: Buffer): boolean {
  if (body.byteLength !== bytes) return false;
  return sha256 === undefined || createHash('sha256').update(body).digest('hex') === sha256;
}

function membersOf(place: string, container: string, rows: ReadonlyMap<number, KeptRow>): Members {
  if (container.endsWith(FILE_LIST_SUFFIX)) return looseMembers(join(place, 'files'), rows);
  return isDataFile(container) ? dataMembers(join(place, container), rows) : tarMembers(join(place, container));
}

/** What the bodies are called comes behind them: a first look finds the names, and only the second one reads bodies. */
async function* dataMembers(path: string, rows: ReadonlyMap<number, KeptRow>): Members {
  const names: string[] = [];
  const first = scanMedia(createReadStream(path, CHUNKS), {
    body: () => undefined,
    bodyEnd: () => {},
    paths: (paths) => void names.push(...paths),
  });
  // One that ends in the middle has named what comes before; of the rest, what has a sum is known by that.
  await (async () => {
    for await (const _ of first);
  })().catch(() => {});
  const bySum = new Map([...rows.values()].map(({ sha256, name }) => [sha256, name]));
  let [at, pieces, body]: [number, Uint8Array[], Buffer | undefined] = [0, [], undefined];
  const second = scanMedia(createReadStream(path, CHUNKS), {
    body: () => {
      pieces = [];
      return (piece) => void pieces.push(piece);
    },
    bodyEnd: () => {
      body = Buffer.concat(pieces);
    },
    paths: () => {
      body = undefined;
    },
  });
  for await (const _ of second) {
    if (body === undefined) continue;
    const name = names[at] ?? bySum.get(createHash('sha256').update(body).digest('hex'));
    at += 1;
    if (name !== undefined) yield [name, body];
  }
}

async function* looseMembers(root: string, rows: ReadonlyMap<number, KeptRow>): Members {
  for (const { name } of rows.values()) {
    const body = name === undefined ? undefined : await readFile(join(root, name)).catch(() => undefined);
    if (body !== undefined) yield [name as string, body];
  }
}

async function* tarMembers(path: string): Members {
  const { extract } = await import('tar-stream');
  const reader = extract();
  const isPacked = path.endsWith('.gz');
  const file = createReadStream(path, { highWaterMark: 1024 * 1024, start: isPacked ? GZIP_HEAD_BYTES : 0 });
  // Without the sum over everything: what is whole is told by the sum of each sample.
  const source = isPacked ? file.pipe(createInflateRaw()) : file;
  // What came before an error is read to its end.
  for (const stream of new Set([file, source])) stream.on('error', () => reader.end(undefined));
  source.pipe(reader);
  try {
    for await (const entry of reader) {
      const pieces: Buffer[] = [];
      for await (const piece of entry) pieces.push(piece as Buffer);
      yield [entry.header.name, Buffer.concat(pieces)];
    }
  } finally {
    file.destroy();
    source.destroy();
  }
}
