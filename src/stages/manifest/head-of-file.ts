/** Read a file's first MiB (and a parquet file's footer) and fingerprint it. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { extension } from './detect-format.ts';
import { type InnerSource, isInner, isRemote, type ReadableSource } from './file-source.ts';
import { firstBytes } from './first-bytes.ts';
import type { InputIdentity } from './manifest-info.ts';
import { unopenable } from './resolve-inputs.ts';
import { type Packing, packingOf } from './unpack/packing.ts';
import { type UnpackedStart, unpackStart } from './unpack/unpack.ts';

/** What identity and format are told from, for everything but a parquet footer. */
const HEAD_BYTES = 1024 * 1024;
/** Enough of a parquet file to know it by. */
const MAGIC_BYTES = 4096;

export interface FileHead {
  readonly identity: InputIdentity;
  /** First bytes, unpacked. */
  readonly head: Buffer;
  readonly packing: Packing | undefined;
  /** There is no more of it. */
  readonly isWhole: boolean;
}

/** A file whose bytes can be asked for anywhere. */
interface Parts {
  readonly bytes: number;
  /** The bytes of [start, end), which lie within it. */
  read(start: number, end: number): Promise<Buffer>;
}

/**
 * Read a file's first MiB (and a parquet file's footer) and fingerprint it: the same for the same bytes, wherever they
 * are. FDC_ERR_MANIFEST_NOT_FOUND when it cannot be opened; errors of RemoteFile.
 */
export async function headOfFile(source: ReadableSource | InnerSource, signal: AbortSignal): Promise<FileHead> {
  const { name } = source;
  if (isInner(source)) return headOfInner(source, signal);
  if (isRemote(source)) {
    const { remote } = source;
    return headOf(name, { bytes: remote.bytes, read: (start, end) => remote.read(start, end, signal) });
  }
  const file = await open(source.path).catch((error: NodeJS.ErrnoException) => {
    throw unopenable(name, error);
  });
  const read = async (start: number, end: number): Promise<Buffer> => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    return buffer.subarray(0, bytesRead);
  };
  try {
    return await headOf(name, { bytes: (await file.stat()).size, read });
  } finally {
    await file.close();
  }
}

async function headOfInner({ name, inner }: InnerSource, signal: AbortSignal): Promise<FileHead> {
  const { bytes } = inner;
  // A parquet footer is not at hand.
  const read = (start: number, end: number): Promise<Buffer> | Buffer =>
    start > 0 ? Buffer.alloc(0) : firstBytes(inner.chunks(signal), end);
  if (inner.head === undefined || inner.telling === undefined)
    return headOf(name, { bytes, read: async (a, b) => read(a, b) });
  const hash = hashOf(bytes, await inner.telling(signal));
  return { identity: { name, bytes, hash }, head: await inner.head(signal), packing: undefined, isWhole: false };
}

async function headOf(name: string, file: Parts): Promise<FileHead> {
  const { bytes } = file;
  const most = Math.min(HEAD_BYTES, bytes);
  let start = await file.read(0, Math.min(extension(name) === 'parquet' ? MAGIC_BYTES : most, most));
  const footer = start.toString('latin1', 0, 4) === 'PAR1' ? await parquetFooter(file) : undefined;
  if (footer === undefined && start.length < most) start = await file.read(0, most);
  const telling = footer ?? start;
  const hash = hashOf(bytes, telling);
  const { head, packing, fault } = await unpackedHead(start, name);
  if (head.length === 0 && fault !== undefined) throw fault;
  return { identity: { name, bytes, hash }, head, packing, isWhole: packing === undefined && start.length === bytes };
}

function hashOf(bytes: number, telling: Buffer): string {
  return createHash('sha256').update(`${bytes}\n`).update(telling).digest('hex');
}

/** What first bytes are, up to a MiB of it. */
export async function unpackedHead(
  start: Buffer,
  name: string,
): Promise<UnpackedStart & { readonly packing: Packing | undefined }> {
  const packing = packingOf(start, name);
  if (packing === undefined) return { head: start, packing };
  const found = await unpackStart(start, packing, name, HEAD_BYTES);
  // A name alone may be wrong.
  const isPlain = packing === 'brotli' && found.head.length === 0;
  return isPlain ? { head: start, packing: undefined } : { ...found, packing };
}

/** Footer, its length and the magic; undefined when the file does not end in a footer. */
async function parquetFooter(file: Parts): Promise<Buffer | undefined> {
  const { bytes } = file;
  const tail = await file.read(Math.max(0, bytes - 8), bytes);
  if (tail.length < 8 || tail.toString('latin1', 4) !== 'PAR1') return undefined;
  const length = tail.readUInt32LE(0) + 8;
  return length > bytes ? undefined : file.read(bytes - length, bytes);
}
