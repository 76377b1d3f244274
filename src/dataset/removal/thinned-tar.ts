/** A tar shard without some of its samples: what stays keeps every byte and its order. */
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { tarEntries } from './tar-entries.ts';

const END_OF_ARCHIVE = Buffer.alloc(1024);

/** @param isGone - by an entry's name. Throws TypeError for what is no archive; see tarEntries. */
export async function* thinnedTar(
  chunks: AsyncIterable<Uint8Array>,
  isGone: (name: string) => boolean,
): AsyncGenerator<Uint8Array> {
  for await (const { name, raw } of tarEntries(chunks)) if (!isGone(name)) yield* raw;
  yield END_OF_ARCHIVE;
}

/** Where the samples of an archive begin, and where the last one ends, in bytes. */
export async function sampleOffsets(chunks: AsyncIterable<Uint8Array>): Promise<number[]> {
  const offsets: number[] = [];
  let [end, last]: [number, string | undefined] = [0, undefined];
  for await (const { name, raw } of tarEntries(chunks)) {
    const stem = stemOf(name);
    if (stem !== last) offsets.push(end);
    last = stem;
    for await (const piece of raw) end += piece.byteLength;
  }
  return [...offsets, end];
}

/** The same of a .tar.gz. @param write - takes what comes of it, in order */
export async function thinGzip(
  chunks: AsyncIterable<Uint8Array>,
  isGone: (name: string) => boolean,
  write: (chunks: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const thin = (unpacked: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> => thinnedTar(unpacked, isGone);
  await pipeline(chunks, createGunzip(), thin, createGzip(), write);
}

/**
 * Which entries go with samples: the samples themselves, and what stands beside them under the same name.
 * @param gone - names of samples in the archive; @param staying - names of those that stay
 */
export function entriesOf(gone: ReadonlySet<string>, staying: ReadonlySet<string>): (name: string) => boolean {
  const stems = new Set([...gone].map(stemOf));
  for (const name of staying) stems.delete(stemOf(name));
  return (name) => gone.has(name) || (stems.has(stemOf(name)) && !staying.has(name));
}

function stemOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > name.lastIndexOf('/') ? name.slice(0, dot) : name;
}
