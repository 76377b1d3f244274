/**
 * A file that its server gives only as a whole, downloaded once into a temporary folder. It stays for as long as the
 * process, which reads it several times, and goes with it however that ends: where the system can reach an open file,
 * the file has no name.
 */
import { rmSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { destinationError } from '../../../destination/destination.ts';
import { freeBytes } from '../../../destination/disk.ts';
import { FlowDcError, isFlowDcError } from '../../../errors.ts';
import { byteSize } from '../../../format.ts';
import type { HttpOrigin } from './http-origin.ts';
import { PassingFault, type Patience, patiently } from './remote-file.ts';
import { isRunningHere, spoolPrefix, sweepSpools } from './stale-spools.ts';

/** Larger manifests are to be put where parts of them can be asked for. */
const MAX_BYTES = 32 * 1024 ** 3;

const LARGE_FIX = 'download it and name the file, have it served with byte ranges, or set TMPDIR to a larger disk';
/** Of what does not say how long it is, or comes packed: the rest of the disk is left to others. */
const MOST_OF_FREE = 0.5;

/** Where a file has to keep its name: removed when the process ends. */
const kept = new Set<string>();
let isAtExit = false;
/** What was collected would be closed, and gone. */
const held = new Set<FileHandle>();

export interface Spooled {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Errors: those of the origin; FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO; FDC_ERR_MANIFEST_TOO_WIDE above 32 GiB, or above half
 * of what is free where the server does not say how much comes.
 */
export function spool(origin: HttpOrigin, patience: Patience, signal: AbortSignal): Promise<Spooled> {
  return spooledBy((path) => patiently(origin.name, patience, signal, () => download(origin, path, signal)));
}

/**
 * The same of bytes that come from elsewhere. Errors: theirs; FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO;
 * FDC_ERR_MANIFEST_TOO_WIDE above 32 GiB, or above half of what is free.
 */
export function spoolChunks(name: string, chunks: AsyncIterable<Buffer>): Promise<Spooled> {
  return spooledBy(async (path) => {
    const free = (await freeBytes(tmpdir())) ?? MAX_BYTES;
    const most = Math.min(MAX_BYTES, Math.floor(free * MOST_OF_FREE));
    const file = await open(path, 'w').catch((error: unknown) => {
      throw destinationError(error, tmpdir());
    });
    try {
      let bytes = 0;
      for await (const chunk of chunks) {
        bytes += chunk.length;
        if (bytes > most) throw tooLarge(name, most);
        await file.appendFile(chunk).catch((error: unknown) => {
          throw destinationError(error, tmpdir());
        });
      }
      return bytes;
    } finally {
      await file.close();
    }
  });
}

/** @param write - fills the file, and says how many bytes it has then */
async function spooledBy(write: (path: string) => Promise<number>): Promise<Spooled> {
  const folder = await mkdtemp(join(tmpdir(), spoolPrefix(process.pid))).catch((error: unknown) => {
    throw destinationError(error, tmpdir());
  });
  keep(folder);
  const path = join(folder, 'manifest');
  let file: FileHandle | undefined;
  try {
    file = await nameless(path, folder);
    const way = file === undefined ? path : wayTo(file);
    return { path: way, bytes: await write(way) };
  } catch (error) {
    if (file !== undefined) held.delete(file);
    await file?.close();
    await rm(folder, { recursive: true, force: true });
    kept.delete(folder);
    throw error;
  }
}

/** A file that is reached through this process alone, where there is such a way; else undefined, it is at `path`. */
async function nameless(path: string, folder: string): Promise<FileHandle | undefined> {
  const file = await open(path, 'w', 0o600).catch((error: unknown) => {
    throw destinationError(error, path);
  });
  const [here, there] = await Promise.all([file.stat(), stat(wayTo(file)).catch(() => undefined)]);
  if (here.ino !== there?.ino || here.dev !== there.dev) {
    await file.close();
    await sweepSpools(tmpdir(), isRunningHere);
    return undefined;
  }
  held.add(file);
  await rm(folder, { recursive: true, force: true });
  kept.delete(folder);
  return file;
}

function wayTo({ fd }: FileHandle): string {
  return `/proc/self/fd/${fd}`;
}

async function download(origin: HttpOrigin, path: string, signal: AbortSignal): Promise<number> {
  const { body, bytes: announced = 0, encoding } = await origin.whole(signal);
  let target: FileHandle | undefined;
  try {
    const most = await mostBytes(origin.name, announced, encoding);
    target = await open(path, 'w').catch((error: unknown) => {
      throw destinationError(error, tmpdir());
    });
    const file = target;
    let bytes = 0;
    let received = 0;
    let ours: FlowDcError | undefined;
    const count = new Transform({
      transform(chunk: Buffer, _, done) {
        received += chunk.length;
        done(null, chunk);
      },
    });
    const save = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        if (bytes > most) {
          ours = tooLarge(origin.name, most);
          throw ours;
        }
        await file.appendFile(chunk).catch((error: unknown) => {
          ours = destinationError(error, tmpdir());
          throw ours;
        });
      }
    };
    await pipeline([body, count, ...decoders(origin.name, encoding), save] as unknown as NodeJS.ReadWriteStream[], {
      signal,
    }).catch((error: unknown) => {
      // The body, destroyed by it, complains first.
      throw ours ?? error;
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

/** How much may come. Errors: FDC_ERR_DEST_FULL, FDC_ERR_MANIFEST_TOO_WIDE for what is said to be more. */
async function mostBytes(name: string, announced: number, encoding: string | undefined): Promise<number> {
  if (announced > MAX_BYTES) throw tooLarge(name, MAX_BYTES);
  const free = await freeBytes(tmpdir());
  if (free === undefined) return MAX_BYTES;
  if (announced > free) throw tooFull(name, announced, free);
  return announced > 0 && encoding === undefined ? announced : Math.min(MAX_BYTES, Math.floor(free * MOST_OF_FREE));
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

function tooLarge(name: string, most: number): FlowDcError {
  return new FlowDcError('FDC_ERR_MANIFEST_TOO_WIDE', `${name} comes only as a whole and has over ${byteSize(most)}`, {
    advice: `; ${LARGE_FIX}`,
  });
}

function tooFull(name: string, bytes: number, free: number): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_DEST_FULL',
    `${name} comes only as a whole and has ${byteSize(bytes)}, ${tmpdir()} has room for ${byteSize(free)}`,
    { advice: '; choose another temporary folder with TMPDIR' },
  );
}

function keep(folder: string): void {
  if (!isAtExit) process.once('exit', removeKept);
  isAtExit = true;
  kept.add(folder);
}

function removeKept(): void {
  for (const path of kept) rmSync(path, { recursive: true, force: true });
}
