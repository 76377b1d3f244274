/** Packed texts, unpacked as they come, within bounds of time and memory. */
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliDecompress, createGunzip } from 'node:zlib';
import { FlowDcError } from '../../../errors.ts';
import { byteSize, count } from '../../../format.ts';
import { ByteWindow } from './byte-window.ts';
import { bunzip2 } from './bzip2.ts';
import { PackedError } from './packed-error.ts';
import type { Packing } from './packing.ts';
import { unxz } from './xz.ts';
import { unzstd } from './zstd.ts';

/** So much may unpack from whatever; of more, a byte to so many: no table packs as well as that. Chosen. */
const FREE_BYTES = 2 * 1024 ** 3;
const MAX_RATIO = 5000;

/**
 * Unpack a stream, of several members, frames or streams one after the other if there are.
 * Errors: FDC_ERR_MANIFEST_CORRUPT when it is cut off or damaged, with the byte near which that shows;
 * FDC_ERR_MANIFEST_TOO_WIDE for what would take more memory or time than any table.
 */
export async function* unpacked(
  chunks: AsyncIterable<Buffer>,
  packing: Packing,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  const fed = { bytes: 0 };
  let bytes = 0;
  try {
    for await (const chunk of decoded(counted(chunks, fed, signal), packing, signal)) {
      bytes += chunk.length;
      if (bytes > FREE_BYTES && bytes > fed.bytes * MAX_RATIO)
        throw tooWide(
          `${name} unpacks from ${byteSize(fed.bytes)} to over ${byteSize(bytes)}: no table is packed like that; ` +
            'unpack it, and look at it',
        );
      yield chunk;
    }
  } catch (error) {
    throw packedFault(error, `${packing} stream`, name, fed.bytes);
  }
}

export interface UnpackedStart {
  readonly head: Buffer;
  /** Why there is no more, where that is no end. */
  readonly fault?: unknown;
}

/** What the first bytes of a packed stream unpack to, up to `most`. */
export async function unpackStart(
  packed: Buffer,
  packing: Packing,
  name: string,
  most: number,
): Promise<UnpackedStart> {
  const parts: Buffer[] = [];
  let bytes = 0;
  let fault: unknown;
  try {
    const signal = new AbortController().signal;
    for await (const part of decoded(once(packed), packing, signal, true)) {
      bytes += parts.push(part) && part.length;
      // A MiB can unpack to a GiB.
      if (bytes >= most) break;
    }
  } catch (error) {
    // The bytes end in the middle of the stream: what is unpacked by then is what is wanted.
    fault = packedFault(error, `${packing} stream`, name, packed.length);
  }
  return { head: Buffer.concat(parts).subarray(0, most), fault };
}

function tooWide(message: string): FlowDcError {
  return new FlowDcError('FDC_ERR_MANIFEST_TOO_WIDE', message);
}

/** @param isCut - that it ends early is no fault */
export async function* decoded(
  chunks: AsyncIterable<Buffer>,
  packing: Packing,
  signal: AbortSignal,
  isCut = false,
): AsyncGenerator<Buffer, void> {
  const decoder = packing === 'gzip' || packing === 'brotli' ? zlibStream(packing, isCut) : undefined;
  if (decoder !== undefined) return yield* through(chunks, decoder, signal);
  const input = new ByteWindow(chunks);
  try {
    yield* packing === 'zstd' ? unzstd(input) : packing === 'bzip2' ? bunzip2(input) : unxz(input);
  } finally {
    await input.close();
  }
}

function zlibStream(packing: 'gzip' | 'brotli', isCut: boolean): Transform {
  return packing === 'gzip'
    ? createGunzip(isCut ? { finishFlush: constants.Z_SYNC_FLUSH } : {})
    : createBrotliDecompress(isCut ? { finishFlush: constants.BROTLI_OPERATION_FLUSH } : {});
}

export async function* through(
  chunks: AsyncIterable<Buffer>,
  decoder: Transform,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  const done = pipeline(Readable.from(chunks), decoder, { signal });
  // Whoever stops reading early makes the pipeline fail, which is nobody's concern then.
  done.catch(() => {});
  try {
    // Behind zeros that pad a file, the unpacked bytes end before the packed ones do: that is not to be an abort.
    for await (const chunk of decoder.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
    await done;
  } finally {
    decoder.destroy();
  }
}

async function* counted(
  chunks: AsyncIterable<Buffer>,
  fed: { bytes: number },
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    fed.bytes += chunk.length;
    yield chunk;
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void> {
  yield bytes;
}

/**
 * What zlib, WebAssembly and our own readers raise, as what it means for an input; anything else as it is.
 * @param what - is read
 * @param at - of its bytes were given to whoever raised it
 */
export function packedFault(error: unknown, what: string, name: string, at: number): unknown {
  const { code = '', name: type = '', message = '' } = error as { code?: string; name?: string; message?: string };
  const kind = error instanceof PackedError ? error.kind : undefined;
  if (kind === 'too large') return tooWide(`${name}: the ${what} needs ${message}`);
  if (kind === 'unread') return new FlowDcError('FDC_ERR_MANIFEST_FORMAT', `${name}: the ${what} has ${message}`);
  if (kind === undefined && !/^(Z_|ERR__|ERR_BROTLI)/.test(code) && type !== 'RuntimeError') return error;
  const fault = kind !== undefined ? message : code === 'Z_BUF_ERROR' ? 'cut off' : 'damaged data';
  const found = fault === 'cut off' ? `is cut off at byte ${count(at)}` : `holds ${fault} before byte ${count(at)}`;
  return new FlowDcError('FDC_ERR_MANIFEST_CORRUPT', `${name}: the ${what} ${found}; copy or download it again`, {
    cause: error,
  });
}
