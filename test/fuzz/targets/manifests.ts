/** Mutated manifests of every format through reader, inspection and partition: rows that all come out, or one error. */
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { RecordBatch } from 'apache-arrow';
import { utf8Column } from '../../../src/arrow/columns.ts';
import { inspectionLines } from '../../../src/cli/terminal/inspection-lines.ts';
import { isFlowDcError } from '../../../src/errors.ts';
import { hostOf } from '../../../src/host/host.ts';
import { inspectManifest } from '../../../src/inspect/inspect-manifest.ts';
import type { Unit } from '../../../src/record.ts';
import { ADVICE_CHARS } from '../../../src/short-text.ts';
import { readManifest } from '../../../src/stages/manifest/read-manifest.ts';
import { partitionByHost } from '../../../src/stages/partition/partition-by-host.ts';
import { seededRandom } from '../../../src/structures/seeded-random.ts';
import { decodeRows } from '../../../src/unit-rows.ts';
import { writeParquetFile } from '../../support/manifests.ts';
import { inFolder } from '../in-folder.ts';
import { mutate } from '../mutate.ts';
import type { FuzzRun } from '../target.ts';
import { mutateText } from '../tokens.ts';

/** An input of a few kB that takes longer does not end. */
const HANG_MS = 60_000;
/** Of the process, with everything that it ever loaded: what a few kB must not come near. */
const MOST_RSS = 1.5 * 2 ** 30;
/** Parquet is read in a thread of its own, which takes most of a case's time. */
const PARQUET_SHARE = 0.1;

const ENDINGS = ['csv', 'tsv', 'txt', 'json', 'jsonl', 'csv.gz', 'jsonl.gz', 'txt.gz', 'dat'];
const TOKENS = [
  ...['"', '""', ',', '\t', ';', '|', '\n', '\r', '\r\n', '\0', '\ufeff', '\ufffd', ' ', '#', '\\', '\\"', '\\u0000'],
  ...['{', '}', '[', ']', ':', '{"url":', '"url"', 'null', 'true', 'NaN', '-', '1e999', '0x', '{"a":', '[[', '"k":1,'],
  ...[
    'http://a.example.org/1.jpg',
    'https://[::1',
    '//',
    'url',
    'flow_dc:row',
    '__proto__',
    '\ud83e',
    '<html>',
    'PAR1',
  ],
];

interface Seed {
  readonly bytes: Uint8Array;
  readonly isParquet: boolean;
}

export async function run({ seed, goOn, save }: FuzzRun): Promise<{ cases: number }> {
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  let cases = 0;
  await inFolder(async (folder) => {
    const seeds = await seedsIn(folder);
    const parquet = seeds.filter(({ isParquet }) => isParquet);
    const text = seeds.filter(({ isParquet }) => !isParquet);
    for (; goOn(); cases += 1) {
      const { bytes, isParquet } = pick(random() < PARQUET_SHARE ? parquet : text);
      const mutated = isParquet ? mutate(bytes, random) : mutatedText(bytes, random);
      const path = join(folder, isParquet ? 'm.parquet' : `m.${pick(ENDINGS)}`);
      const flaw = await flawOf(path, mutated, random() < 0.1);
      if (flaw === undefined) continue;
      process.stdout.write(`${flaw}\n`);
      save(`${seed}-${cases}-${path.slice(folder.length + 1)}`, mutated);
    }
  });
  return { cases };
}

/** Under every name that decides how it is read. */
export async function replay(bytes: Uint8Array): Promise<void> {
  await inFolder(async (folder) => {
    for (const ending of [...ENDINGS, 'parquet']) {
      const flaw = await flawOf(join(folder, `m.${ending}`), bytes, true);
      if (flaw !== undefined) throw new Error(flaw);
    }
  });
}

/** What is in gzip is mutated inside or out. */
function mutatedText(bytes: Uint8Array, random: () => number): Uint8Array {
  if (bytes[0] !== 0x1f) return mutateText(bytes, TOKENS, random);
  return random() < 0.5 ? mutate(bytes, random) : gzipSync(mutateText(gunzipSync(bytes), TOKENS, random));
}

async function flawOf(path: string, bytes: Uint8Array, inspects: boolean): Promise<string | undefined> {
  await writeFile(path, bytes);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`does not end within ${HANG_MS} ms`)), HANG_MS);
  });
  try {
    await Promise.race([late, inspects ? inspect(path) : read(path)]);
    const { rss } = process.memoryUsage();
    return rss > MOST_RSS ? `memory: ${rss} bytes` : undefined;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  } finally {
    clearTimeout(timer);
  }
}

async function inspect(path: string): Promise<void> {
  try {
    inspectionLines(await inspectManifest(path));
  } catch (error) {
    mustBeClear(error);
  }
}

/** Every row that is read comes out of the partition once, with a host or the mark of a bad URL. */
async function read(path: string): Promise<void> {
  const batches: RecordBatch[] = [];
  try {
    for await (const batch of readManifest(path)) batches.push(batch);
  } catch (error) {
    mustBeClear(error);
  }
  const rows = batches.reduce((sum, { numRows }) => sum + numRows, 0);
  if (rows === 0) return;
  const numbers = new Set<number>();
  const units = Readable.from(batches).pipe(partitionByHost({ shardSize: 100 })) as AsyncIterable<Unit>;
  for await (const unit of units)
    for (const row of decodeRows(unit)) {
      numbers.add(row.row);
      hostOf(row.url);
    }
  if (numbers.size !== rows) throw new Error(`${rows} rows were read, ${numbers.size} came out`);
}

function mustBeClear(error: unknown): void {
  if (!isFlowDcError(error) || !error.code.startsWith('FDC_ERR_MANIFEST_')) throw error;
  if (error.message.length > ADVICE_CHARS) throw new Error(`a message of ${error.message.length} characters`);
}

/** Small manifests of every format, and those of FLOW_DC_MANIFESTS where that is set. */
async function seedsIn(folder: string): Promise<Seed[]> {
  const urls = Array.from({ length: 30 }, (_, i) => `http://${'abc'[i % 3]}.example.org/${i}.jpg`);
  const rows = urls.map((url, i) => ({ url, label: `Felis ${i}`, caption: `a "cat", number ${i}`, n: i }));
  const quoted = (cell: unknown): string => `"${String(cell).replaceAll('"', '""')}"`;
  const csv = ['url,label,caption,n', ...rows.map((row) => Object.values(row).map(quoted).join(','))];
  const texts = [
    `${csv.join('\n')}\n`,
    `${csv.join('\r\n')}\r\n`,
    `url\tlabel\n${rows.map(({ url, label }) => `${url}\t${label}\n`).join('')}`,
    `${urls.join('\n')}\n`,
    rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
    JSON.stringify(rows.map((row) => ({ ...row, tags: [{ a: row.n }, null], isWild: row.n % 2 === 0 }))),
    JSON.stringify(urls, undefined, 1),
  ].map((text) => Buffer.from(text));
  const given = process.env.FLOW_DC_MANIFESTS;
  const real =
    given === undefined ? [] : readdirSync(given).filter((name) => name.endsWith('.parquet') && !name.includes('10gb'));
  const parquet = [
    ...(await Promise.all((['SNAPPY', 'ZSTD', 'GZIP', 'UNCOMPRESSED'] as const).map(parquetOf(folder, urls)))),
    ...real.map((name) => readFileSync(join(given as string, name))),
  ];
  return [
    ...[...texts, ...texts.map((text) => gzipSync(text))].map((bytes) => ({ bytes, isParquet: false })),
    ...parquet.map((bytes) => ({ bytes, isParquet: true })),
  ];
}

function parquetOf(folder: string, urls: readonly string[]) {
  return async (codec: 'SNAPPY' | 'ZSTD' | 'GZIP' | 'UNCOMPRESSED'): Promise<Uint8Array> => {
    const path = join(folder, `${codec}.parquet`);
    const labels = urls.map((_, i) => (i % 4 === 0 ? null : `Felis ${i % 5}`));
    await writeParquetFile(
      path,
      [
        ['url', utf8Column(urls)],
        ['label', utf8Column(labels)],
      ],
      { codec, rowGroupRows: 10 },
    );
    return readFileSync(path);
  };
}
