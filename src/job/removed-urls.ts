/**
 * What was taken out of a dataset for good, so that no later run fetches it again: a hash a line, and no URL.
 *
 *   STATE/removed     sha256 of each URL, as `removedUrl` reads it, or of `row N` in a dataset without the queries of URLs;
 *                     with `forgotten ` before it once more for those of whom no table may say anything again
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

const FORGOTTEN = 'forgotten ';

/** Lines of URLs that are removed and forgotten. @param hashes - as `removedHash` gives them */
export function forgottenLines(hashes: Iterable<string>): string[] {
  return [...hashes].flatMap((hash) => [hash, `${FORGOTTEN}${hash}`]);
}

/** Asked once per row, of a dataset from which something was removed. */
export class RemovedUrls {
  readonly #lines: ReadonlySet<string>;
  readonly #forgetsAny: boolean;

  /** @param lines - of the list */
  constructor(lines: Iterable<string>) {
    this.#lines = new Set(lines);
    this.#forgetsAny = [...this.#lines].some((line) => line.startsWith(FORGOTTEN));
  }

  has(row: AskedRow): boolean {
    return this.#isListed(row, '');
  }

  /** Whether nothing but its place may stand in a table, however the row ends. */
  forgets(row: AskedRow): boolean {
    return this.#forgetsAny && this.#isListed(row, FORGOTTEN);
  }

  /** Whatever row has it. */
  hasUrl(url: string): boolean {
    return this.#lines.has(removedHash(removedUrl(url)));
  }

  #isListed({ url, row }: AskedRow, mark: string): boolean {
    return [removedUrl(url), rowName(row)].some((text) => this.#lines.has(`${mark}${removedHash(text)}`));
  }
}

/** A row of a dataset that does not have its URLs as they were fetched. */
export function rowName(row: number): string {
  return `row ${row}`;
}

/** @param content - of the list */
export function parseRemoved(content: Buffer): RemovedUrls {
  return new RemovedUrls(linesOf(content.toString('utf8')));
}

/**
 * Undefined where nothing was removed.
 * Errors: FDC_ERR_DEST_IO: without it a row might be fetched that must not be.
 */
export function readRemovedUrls({ removedFile, removedList }: RemovedHolder): RemovedUrls | undefined {
  if (removedList !== undefined) return new RemovedUrls(linesOf(removedList));
  if (removedFile === undefined) return undefined;
  try {
    return parseRemoved(readFileSync(removedFile));
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

/** Only under the job's lock. @param lines - hashes, or forgottenLines. Errors: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO. */
export async function addRemoved(state: StateFiles, lines: Iterable<string>): Promise<void> {
  const before = (await state.read(REMOVED_FILE))?.toString('utf8') ?? '';
  const all = new Set([...linesOf(before), ...lines]);
  await state.write(REMOVED_FILE, [...all].map((line) => `${line}\n`).join(''));
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
