/** Read a file's first MiB (and a parquet file's footer) and fingerprint it. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import type { InputIdentity } from './manifest-info.ts';
import { unopenable } from './resolve-inputs.ts';

/** What identity and format are told from, for everything but a parquet footer. */
const HEAD_BYTES = 1024 * 1024;

export interface FileHead {
  readonly identity: InputIdentity;
  /** First bytes, unpacked when `gzip`. */
  readonly head: Buffer;
  readonly gzip: boolean;
}

/**
 * Read a file's first MiB (and a parquet file's footer) and fingerprint it. FDC_ERR_MANIFEST_NOT_FOUND when it cannot
 * be opened.
 */
export async function headOfFile(path: string): Promise<FileHead> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw unopenable(path, error);
  });
  try {
    const { size } = await file.stat();
    const start = await readAt(file, 0, Math.min(HEAD_BYTES, size));
    const telling = start.toString('latin1', 0, 4) === 'PAR1' ? ((await parquetFooter(file, size)) ?? start) : start;
    const hash = createHash('sha256').update(`${size}\n`).update(telling).digest('hex');
    const gzip = isGzip(start);
    return { identity: { name: path, bytes: size, hash }, head: gzip ? await unpackHead(start) : start, gzip };
  } finally {
    await file.close();
  }
}

export function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** What the first bytes of a gzip stream unpack to, up to a MiB; nothing when they are not gzip after all. */
export async function unpackHead(packed: Buffer): Promise<Buffer> {
  const gunzip = createGunzip();
  const parts: Buffer[] = [];
  let bytes = 0;
  await new Promise<void>((resolve) => {
    gunzip.on('data', (part: Buffer) => {
      parts.push(part);
      bytes += part.length;
      // A MiB can unpack to a GiB.
      if (bytes >= HEAD_BYTES) resolve();
    });
    // The bytes end in the middle of the stream: what is unpacked by then is what is wanted.
    gunzip.once('error', () => resolve());
    gunzip.once('end', resolve);
    gunzip.end(packed);
  });
  gunzip.destroy();
  return Buffer.concat(parts).subarray(0, HEAD_BYTES);
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** Footer, its length and the magic; undefined when the file does not end in a footer. */
async function parquetFooter(file: FileHandle, size: number): Promise<Buffer | undefined> {
  const tail = await readAt(file, Math.max(0, size - 8), 8);
  if (tail.length < 8 || tail.toString('latin1', 4) !== 'PAR1') return undefined;
  const length = tail.readUInt32LE(0) + 8;
  return length > size ? undefined : readAt(file, size - length, length);
}
