/** Files with their size and hash: hashed while they are written, or read back, or named by a list of many. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { FlowDcError } from '../errors.ts';
import { patiently } from '../open-files.ts';
import { listedPath } from './folder-layout.ts';

/** Size and content of a file. `sha256` is lower-case hex. */
export interface FileDigest {
  readonly bytes: number;
  readonly sha256: string;
}

/** A file that is hashed while it is written, on one descriptor and by gathered writes. */
export class HashedFile {
  readonly #handle: FileHandle;
  readonly #hash = createHash('sha256');
  #bytes = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async create(path: string): Promise<HashedFile> {
    return new HashedFile(await patiently(() => open(path, 'wx')));
  }

  /** Append; the chunks may be reused once this resolves. One call at a time. */
  async write(chunks: readonly Uint8Array[]): Promise<void> {
    for (const chunk of chunks) this.#hash.update(chunk);
    let rest = chunks.filter((chunk) => chunk.byteLength > 0);
    while (rest.length > 0) {
      const { bytesWritten } = await this.#handle.writev(rest);
      this.#bytes += bytesWritten;
      rest = unwritten(rest, bytesWritten);
    }
  }

  /** @param durable - fsync first */
  async close(durable: boolean): Promise<FileDigest> {
    try {
      if (durable) await this.#handle.sync();
    } finally {
      await this.#handle.close();
    }
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  /** Close without a promise about the content. Idempotent. */
  async abandon(): Promise<void> {
    await this.#handle.close();
  }
}

/** What a short write of `bytes` left over; a full disk writes as much as fits before it says so. */
export function unwritten(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes;
  let index = 0;
  for (; index < chunks.length && skip >= (chunks[index] as Uint8Array).byteLength; index += 1)
    skip -= (chunks[index] as Uint8Array).byteLength;
  const rest = chunks.slice(index);
  if (skip > 0) rest[0] = (rest[0] as Uint8Array).subarray(skip);
  return rest;
}

/** Digest of a file on disk, streamed. */
export async function digestFile(path: string): Promise<FileDigest> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).byteLength;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Artifacts with this ending are lists: rolling one forward moves the files that it names. */
export const FILE_LIST_SUFFIX = '.files';

/** An entry of the list that stands for a folder of loose files: JSON lines of {path, bytes, sha256}. */
export interface ListedFile extends FileDigest {
  /** Relative to the output folder, `/` between its parts. */
  readonly path: string;
}

export function formatListedFile(file: ListedFile): string {
  return `${JSON.stringify({ path: file.path, bytes: file.bytes, sha256: file.sha256 })}\n`;
}

/** The files of a list, with paths that are safe to join. Errors: FDC_ERR_DEST_IO for a line that is neither. */
export async function* readFileList(listPath: string): AsyncGenerator<ListedFile> {
  const handle = await patiently(() => open(listPath, 'r'));
  try {
    for await (const line of handle.readLines()) yield parseListedFile(line, listPath);
  } finally {
    await handle.close();
  }
}

/** The same of a list that was read already. */
export function* parseFileList(text: string, listPath: string): Generator<ListedFile> {
  for (const line of text.replace(/\n$/, '').split('\n')) if (line !== '') yield parseListedFile(line, listPath);
}

/** The files of a list that is in memory. Errors: as readFileList's. */
export function* listedFiles(list: string, name: string): Generator<ListedFile> {
  for (const line of list.split('\n')) if (line !== '') yield parseListedFile(line, name);
}

function parseListedFile(line: string, listPath: string): ListedFile {
  try {
    const { path, bytes, sha256 } = JSON.parse(line) as Partial<ListedFile>;
    if (typeof path === 'string' && typeof bytes === 'number' && typeof sha256 === 'string')
      return { path: listedPath(path), bytes, sha256 };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new FlowDcError(
    'FDC_ERR_DEST_IO',
    `${listPath}: expected lines of {path, bytes, sha256}, got ${JSON.stringify(line.slice(0, 80))}`,
  );
}
