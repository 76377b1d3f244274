/**
 * A file that its server gives only as a whole, downloaded once into a temporary folder. It stays there for as long as
 * the process, which reads it several times.
 */
import { rmSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Duplex, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { destinationError } from '../../../destination/destination.ts';
import { freeBytes } from '../../../destination/disk.ts';
import { FlowDcError, isFlowDcError } from '../../../errors.ts';
import { byteSize } from '../../../format.ts';
import type { HttpOrigin } from './http-origin.ts';
import { PassingFault, type Patience, patiently } from './remote-file.ts';

/** Larger manifests are to be put where parts of them can be asked for. */
const MAX_BYTES = 32 * 1024 ** 3;

/** Removed when the process ends; who is killed leaves them to the system's own cleaning. */
const kept = new Set<string>();

export interface Spooled {
  readonly path: string;
  readonly bytes: number;
}

/** Errors: those of the origin; FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO; FDC_ERR_MANIFEST_TOO_WIDE above 32 GiB. */
export async function spool(origin: HttpOrigin, patience: Patience, signal: AbortSignal): Promise<Spooled> {
  const folder = await mkdtemp(join(tmpdir(), 'flow-dc-manifest-')).catch((error: unknown) => {
    throw destinationError(error, tmpdir());
  });
  keep(folder);
  const path = join(folder, 'manifest');
  try {
    const bytes = await patiently(origin.name, patience, signal, () => download(origin, path, signal));
    return { path, bytes };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    kept.delete(folder);
    throw error;
  }
}

async function download(origin: HttpOrigin, path: string, signal: AbortSignal): Promise<number> {
  const { body, bytes: announced = 0, encoding } = await origin.whole(signal);
  let target: Awaited<ReturnType<typeof open>> | undefined;
  try {
    checkSize(origin.name, announced);
    const free = await freeBytes(dirname(path));
    if (free !== undefined && announced > free) throw tooFull(origin.name, announced, free);
    target = await open(path, 'w').catch((error: unknown) => {
      throw destinationError(error, path);
    });
    const file = target;
    let bytes = 0;
    let received = 0;
    const count = new Transform({
      transform(chunk: Buffer, _, done) {
        received += chunk.length;
        done(null, chunk);
      },
    });
    const save = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        checkSize(origin.name, bytes);
        await file.appendFile(chunk).catch((error: unknown) => {
          throw destinationError(error, path);
        });
      }
    };
    await pipeline([body, count, ...decoders(origin.name, encoding), save] as unknown as NodeJS.ReadWriteStream[], {
      signal,
    });
    if (announced > 0 && received !== announced) throw new PassingFault('the connection ended too early');
    return bytes;
  } catch (error) {
    if (isFlowDcError(error) || signal.aborted) throw error;
    if (/^(Z_|ERR__ERROR_FORMAT|ERR_)/.test((error as NodeJS.ErrnoException).code ?? ''))
      throw new PassingFault(`its Content-Encoding cannot be undone (${(error as Error).message})`, { cause: error });
    throw error;
  } finally {
    body.on('error', () => {});
    body.destroy();
    await target?.close();
  }
}

function decoders(name: string, encoding: string | undefined): Duplex[] {
  const codings = (encoding ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim());
  return codings
    .filter((coding) => coding !== '' && coding !== 'identity')
    .reverse()
    .map((coding) => {
      if (coding === 'gzip' || coding === 'x-gzip') return createGunzip();
      if (coding === 'deflate') return createInflate();
      if (coding === 'br') return createBrotliDecompress();
      throw new FlowDcError('FDC_ERR_MANIFEST_FORMAT', `${name} comes in the Content-Encoding ${coding}`, {
        advice: ', which is not read; download it, unpack it and name the file',
      });
    });
}

function checkSize(name: string, bytes: number): void {
  if (bytes <= MAX_BYTES) return;
  throw new FlowDcError(
    'FDC_ERR_MANIFEST_TOO_WIDE',
    `${name} comes only as a whole and has over ${byteSize(MAX_BYTES)}`,
    {
      advice: '; download it and name the file, or have it served with byte ranges',
    },
  );
}

function tooFull(name: string, bytes: number, free: number): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_DEST_FULL',
    `${name} comes only as a whole and has ${byteSize(bytes)}, ${tmpdir()} has room for ${byteSize(free)}`,
    { advice: '; choose another temporary folder with TMPDIR' },
  );
}

function keep(folder: string): void {
  if (kept.size === 0)
    process.once('exit', () => [...kept].forEach((path) => void rmSync(path, { recursive: true, force: true })));
  kept.add(folder);
}
