/**
 * What was taken out of a dataset for good, so that no later run fetches it again: a hash a line, and no URL.
 *
 *   STATE/removed     sha256 of each URL, as `removedUrl` reads it, or of `row N` in a dataset without the queries of URLs
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Destination, destinationError, errnoOf } from '../destination/destination.ts';
import { REMOVED_FILE } from '../destination/folder-layout.ts';
import { withoutUsers } from '../without-secrets.ts';
import type { StateFiles } from './state-files.ts';

/** Where the list lies. */
type RemovedHolder = Pick<Destination, 'removedFile' | 'removedList'>;

/** A row as far as it matters here. */
interface AskedRow {
  readonly url: string;
  /** Of the manifest. */
  readonly row: number;
}

/** A URL as it is compared: as it is requested, without user, password and fragment. */
export function removedUrl(text: string): string {
  const plain = withoutUsers(text);
  try {
    const url = new URL(plain);
    url.hash = '';
    return url.href;
  } catch {
    return plain;
  }
}

/** What a list keeps of a URL. */
export function removedHash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Asked once per row, of a dataset from which something was removed. */
export class RemovedUrls {
  readonly #hashes: ReadonlySet<string>;

  constructor(hashes: Iterable<string>) {
    this.#hashes = new Set(hashes);
  }

  has({ url, row }: AskedRow): boolean {
    return this.#hashes.has(removedHash(removedUrl(url))) || this.#hashes.has(removedHash(rowName(row)));
  }
}

/** A row of a dataset that does not have its URLs as they were fetched. */
export function rowName(row: number): string {
  return `row ${row}`;
}

/**
 * Undefined where nothing was removed.
 * Errors: FDC_ERR_DEST_IO: without it a row might be fetched that must not be.
 */
export function readRemovedUrls({ removedFile, removedList }: RemovedHolder): RemovedUrls | undefined {
  if (removedList !== undefined) return new RemovedUrls(linesOf(removedList));
  if (removedFile === undefined) return undefined;
  try {
    return new RemovedUrls(linesOf(readFileSync(removedFile, 'utf8')));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw destinationError(error, removedFile);
  }
}

/** The same, read when it is first asked for: whoever asks has opened the job, so nobody changes it any more. */
export function removedUrlsOf(holder: RemovedHolder): () => RemovedUrls | undefined {
  let found: { readonly urls: RemovedUrls | undefined } | undefined;
  return () => {
    found ??= { urls: readRemovedUrls(holder) };
    return found.urls;
  };
}

/** Only under the job's lock. Errors: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO. */
export async function addRemoved(state: StateFiles, hashes: Iterable<string>): Promise<void> {
  const before = (await state.read(REMOVED_FILE))?.toString('utf8') ?? '';
  const all = new Set([...linesOf(before), ...hashes]);
  await state.write(REMOVED_FILE, [...all].map((hash) => `${hash}\n`).join(''));
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
