/**
 * Undo a Content-Encoding that the server applied although we asked for identity. Bounded: a reply that unpacks to more
 * than `maxBytes` is refused while unpacking, and what comes out goes through a collector, which keeps to the memory
 * budget.
 */
import { createReadStream } from 'node:fs';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { destinationError } from '../../../destination/destination.ts';
import { isShortage } from '../../../open-files.ts';
import { type BodyCollector, type CollectedBody, headOf } from './body-collector.ts';

/** No honest server applies more; a list of thousands would cost a decoder each. */
const MAX_CODINGS = 3;
const CUT_BYTES = 64 * 1024;

/** Codings that exist and that we cannot undo. */
const UNSUPPORTED: ReadonlySet<string> = new Set(['zstd', 'compress', 'x-compress', 'dcb', 'dcz']);

export type Decoded =
  | { readonly ok: true; readonly decoded: CollectedBody }
  | { readonly ok: false; readonly code: 'decode_error' | 'too_large'; readonly message: string };

/**
 * Whether a header value means that bytes need decoding. Names that are no coding (`none`, `utf-8`, `aws-chunked`) mean
 * nothing, as in browsers.
 */
export function isEncoded(header: string | undefined): header is string {
  return header !== undefined && codingsOf(header).length > 0;
}

/**
 * @param header - Content-Encoding, possibly several codings in the order in which they were applied
 * @param collector - takes the result; dropped again unless `ok`
 * @returns rejects only for faults of our own, such as a full disk: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO, or as the
 * machine does when it is short of files
 */
export async function decodeContent(
  encoded: CollectedBody,
  header: string,
  maxBytes: number,
  collector: BodyCollector,
): Promise<Decoded> {
  const codings = codingsOf(header).reverse();
  const unknown = codings.length > MAX_CODINGS ? header : codings.find((coding) => UNSUPPORTED.has(coding));
  if (unknown !== undefined)
    return { ok: false, code: 'decode_error', message: `cannot undo Content-Encoding '${unknown.slice(0, 80)}'` };
  const decoders = codings.map((coding, at) => decoder(coding, at === 0 ? headOf(encoded, 2) : undefined));
  let isTooLarge = false;
  let fault: unknown;
  const ours = (error: unknown): never => {
    fault = error;
    throw error;
  };
  const collect = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of chunks) {
      isTooLarge = collector.bytes + chunk.length > maxBytes;
      if (isTooLarge) return;
      await collector.add(chunk)?.catch(ours);
    }
  };
  try {
    // The typings have no form for a list that mixes generators, streams and functions.
    await pipeline([piecesOf(encoded, ours), ...decoders, collect] as unknown as NodeJS.ReadWriteStream[]);
    if (!isTooLarge) return { ok: true, decoded: await collector.finish().catch(ours) };
  } catch (error) {
    if (!isTooLarge) {
      await collector.discard();
      if (fault !== undefined) throw fault;
      return { ok: false, code: 'decode_error', message: `${header}: ${(error as Error).message}` };
    }
  }
  await collector.discard();
  return { ok: false, code: 'too_large', message: `unpacks to more than ${maxBytes} bytes` };
}

/** In pieces, so that a decoder's backpressure has something to hold back. */
async function* piecesOf(
  { pieces, spilled }: CollectedBody,
  onError: (error: unknown) => never,
): AsyncGenerator<Buffer> {
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += CUT_BYTES) yield piece.subarray(at, at + CUT_BYTES);
  }
  if (spilled === undefined) return;
  try {
    for await (const chunk of createReadStream(spilled.path)) yield chunk as Buffer;
  } catch (error) {
    onError(isShortage(error) ? error : destinationError(error, `the large body ${spilled.path}`));
  }
}

function codingsOf(header: string): string[] {
  const known = (coding: string): boolean => /^(x-)?gzip$|^deflate$|^br$/.test(coding) || UNSUPPORTED.has(coding);
  return header
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter(known);
}

function decoder(coding: string, head: Buffer | undefined): Transform {
  if (coding === 'br') return createBrotliDecompress();
  if (coding !== 'deflate') return createGunzip();
  // Half of the servers that say deflate leave out the zlib wrapper (RFC 1950, 2.2), which makes its first two bytes a
  // multiple of 31.
  const isWrapped =
    head === undefined || head.length < 2 || (((head[0] as number) & 0x0f) === 8 && head.readUInt16BE(0) % 31 === 0);
  return isWrapped ? createInflate() : createInflateRaw();
}
