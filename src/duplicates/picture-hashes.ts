/** What the pictures of a dataset look like: a perceptual hash of each, by sharp-phash, over the stored bytes. */
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import type sharp from 'sharp';
import type { DatasetFiles } from '../dataset/files/dataset-files.ts';
import { tarEntries } from '../dataset/removal/tar-entries.ts';
import { isDataFile } from '../dataset/unit-files.ts';
import { FlowDcError } from '../errors.ts';
import { mediaBodies } from '../parquet/media-groups.ts';
import type { UnitRecord } from '../record.ts';
import { inOrder } from '../structures/in-order.ts';
import { type Hashes, nearGroups } from './near-groups.ts';
import type { Sample, SampleGroups } from './sample-groups.ts';

/** Decoded side by side, on libuv's pool. */
const WIDTH = 4;
const TAR = /\.tar(\.gz)?$/;
const HEAD_BLOCKS = 512;

/** 64 digits 0 and 1 of an image; rejects for what it cannot decode. */
export type PictureHash = (image: Buffer) => Promise<string>;

/** A unit with its samples, by their names. */
export interface UnitSamples {
  readonly record: UnitRecord;
  readonly samples: ReadonlyMap<string, Sample>;
}

/** Errors: FDC_ERR_USAGE where it is not installed. */
export function pictureHash(): PictureHash {
  const require = createRequire(import.meta.url);
  try {
    const { concurrency } = require('sharp') as typeof sharp;
    concurrency(1);
    return require('sharp-phash') as PictureHash;
  } catch (cause) {
    const message = 'report --near-duplicates needs two packages that are not installed: npm install sharp sharp-phash';
    throw new FlowDcError('FDC_ERR_USAGE', message, { cause });
  }
}

/**
 * Pictures that differ in a few bits of their hashes. Memory: 24 bytes a picture, those that are decoded now, one unit.
 * @returns with how many samples could not be decoded
 */
export async function nearPictures(
  files: DatasetFiles,
  units: AsyncIterable<UnitSamples>,
  hashOf: PictureHash,
  signal?: AbortSignal,
): Promise<SampleGroups & { readonly undecoded: number }> {
  const [high, low, rows] = [[] as number[], [] as number[], [] as number[]];
  let undecoded = 0;
  for await (const unit of units) {
    const hashed = inOrder(imagesOf(files, unit), WIDTH, async ([row, image]) => {
      signal?.throwIfAborted();
      return [row, await hashOf(image).catch(() => '')] as const;
    });
    for await (const [row, hash] of hashed) {
      if (!/^[01]{64}$/.test(hash)) {
        undecoded += 1;
        continue;
      }
      high.push(Number.parseInt(hash.slice(0, 32), 2));
      low.push(Number.parseInt(hash.slice(32), 2));
      rows.push(row);
    }
  }
  const groups = groupsOf({ high: Uint32Array.from(high), low: Uint32Array.from(low) }, rows);
  return { kind: 'near', undecoded, groupOf: ({ row }) => groups.get(row) };
}

/** By row, of rows that are not alone: what its group is called. */
function groupsOf(hashes: Hashes, rows: readonly number[]): ReadonlyMap<number, string> {
  const firsts = nearGroups(hashes);
  const isShared = new Uint8Array(firsts.length);
  firsts.forEach((first, index) => {
    if (first !== index) isShared[first] = 1;
  });
  const groups = new Map<number, string>();
  firsts.forEach((first, index) => {
    if (isShared[first] !== 1) return;
    const name = [hashes.high[first], hashes.low[first]].map((half) => (half ?? 0).toString(16).padStart(8, '0'));
    groups.set(rows[index] as number, `${name.join('')}-${rows[first]}`);
  });
  return groups;
}

/** Row and bytes of every image of a unit. */
async function* imagesOf(
  files: DatasetFiles,
  { record, samples }: UnitSamples,
): AsyncGenerator<readonly [row: number, image: Buffer]> {
  const data = record.artifacts.find(({ name }) => isDataFile(name));
  if (data !== undefined) {
    const wanted = (path: string): boolean => isImage(samples.get(path));
    for await (const { path, body } of mediaBodies(() => files.final(data.name).open(), wanted))
      yield [samples.get(path)?.row as number, body];
    return;
  }
  const tar = record.artifacts.find(({ name }) => TAR.test(name));
  if (tar === undefined) {
    for (const [path, sample] of samples) if (isImage(sample)) yield [sample.row, await files.sample(path).read()];
    return;
  }
  const chunks = files.final(tar.name).open();
  const unpacked = tar.name.endsWith('.gz') ? Readable.from(chunks).pipe(createGunzip()) : chunks;
  for await (const { name, raw } of tarEntries(unpacked)) {
    const sample = samples.get(name);
    if (sample !== undefined && isImage(sample)) yield [sample.row, bodyOf(await buffer(raw), sample.bytes)];
  }
}

function isImage(sample: Sample | undefined): boolean {
  return sample?.contentType.startsWith('image/') === true;
}

/** Headers stand before a body, and less than a block of padding behind it. */
function bodyOf(raw: Buffer, bytes: number): Buffer {
  const start = raw.length - Math.ceil(bytes / HEAD_BLOCKS) * HEAD_BLOCKS;
  return raw.subarray(start, start + bytes);
}
