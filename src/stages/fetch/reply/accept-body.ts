/**
 * From the bytes of a success to a result: decode, look what it is, measure, hash. Runs after the host's permit is
 * back.
 */
import { createHash, hash } from 'node:crypto';
import type { Clock } from '../../../clock.ts';
import type { RowCode } from '../../../row-codes.ts';
import { BodyCollector, type CollectedBody, type CollectorOptions, headOf } from './body-collector.ts';
import { decodeContent } from './content-encoding.ts';
import { type ContentKind, commonImage, contentKind, SNIFF_BYTES } from './content-kind.ts';
import { hasSizeReader, type ImageSize, imageSizeOf } from './image-size.ts';

export interface AcceptOptions extends CollectorOptions {
  readonly clock: Clock;
  readonly maxBytes: number;
  readonly expectContent: 'media' | 'any';
  readonly hash: boolean;
}

export interface ReceivedBody extends CollectedBody {
  readonly headers: { readonly contentType?: string | undefined; readonly contentEncoding?: string | undefined };
}

export interface AcceptedBody {
  readonly contentType: string;
  readonly extension: string;
  readonly sha256: string | undefined;
  /** From the whole body to this verdict. */
  readonly hashMs: number;
  readonly width: number | undefined;
  readonly height: number | undefined;
}

/** `held` is what keeps memory or disk now, to be released whatever the verdict. */
export type Acceptance = { readonly held: CollectedBody } & (
  | { readonly ok: true; readonly accepted: AcceptedBody }
  | { readonly ok: false; readonly code: RowCode; readonly message: string }
);

/**
 * Look at a body. What nearly all bodies are, an image of a common type in memory, is judged at once, with no promise.
 * @param release - called with what is no longer needed: the encoded form of a body that was decoded
 * @returns a promise rejects only for faults of our own disk
 */
export function acceptBody(
  received: ReceivedBody,
  options: AcceptOptions,
  release: (body: CollectedBody) => void,
): Acceptance | Promise<Acceptance> {
  const startMs = options.clock.nowMs();
  if (received.size > 0 && received.headers.contentEncoding === undefined && received.spilled === undefined) {
    const kind = commonImage(headOf(received, 16));
    if (kind !== undefined)
      return accept(received, kind, imageSizeOf(kind.contentType, received.pieces), options, startMs);
  }
  return acceptUnusual(received, options, release, startMs);
}

async function acceptUnusual(
  received: ReceivedBody,
  options: AcceptOptions,
  release: (body: CollectedBody) => void,
  startMs: number,
): Promise<Acceptance> {
  const { contentType: declared, contentEncoding } = received.headers;
  let held: CollectedBody = received;
  if (contentEncoding !== undefined) {
    const result = await decodeContent(held, contentEncoding, options.maxBytes, new BodyCollector(options, 0));
    if (!result.ok) return { ...result, held };
    release(held);
    held = result.decoded;
  }
  if (held.size === 0) return { ok: false, code: 'empty_body', message: 'a success without any bytes', held };
  const head = headOf(held, SNIFF_BYTES);
  const kind = commonImage(head) ?? (await contentKind(head, declared));
  if (options.expectContent === 'media' && !kind.isMedia) {
    const message = `the bytes are ${kind.contentType}, not an image, audio or video`;
    return { ok: false, code: 'not_media', message, held };
  }
  return accept(held, kind, await sizeOf(held, kind.contentType), options, startMs);
}

function accept(
  held: CollectedBody,
  { contentType, extension }: ContentKind,
  size: ImageSize | undefined,
  options: AcceptOptions,
  startMs: number,
): Acceptance {
  const sha256 = options.hash ? (held.sha256 ?? digestOf(held.pieces)) : undefined;
  const { width, height } = size ?? NO_SIZE;
  const hashMs = options.clock.nowMs() - startMs;
  return { ok: true, accepted: { contentType, extension, sha256, hashMs, width, height }, held };
}

const NO_SIZE = { width: undefined, height: undefined };

function digestOf(pieces: readonly Buffer[]): string {
  if (pieces.length === 1) return hash('sha256', pieces[0] as Buffer);
  const digest = createHash('sha256');
  for (const piece of pieces) digest.update(piece);
  return digest.digest('hex');
}

/** Pixels, where the header can be read. A broken header is no reason to drop bytes that somebody may repair. */
async function sizeOf(body: CollectedBody, contentType: string): Promise<ImageSize | undefined> {
  if (!contentType.startsWith('image/')) return undefined;
  const { spilled, pieces, head } = body;
  if (hasSizeReader(contentType)) return imageSizeOf(contentType, spilled === undefined ? pieces : [head as Buffer]);
  // Loaded for the first body that needs it, as the general matcher is.
  const { disableTypes, imageSize } = await import('image-size');
  const { imageSizeFromFile } = await import('image-size/fromFile');
  // Its reader never returns on some files of 64 bytes.
  disableTypes(['icns']);
  try {
    const { width, height } =
      spilled === undefined ? imageSize(Buffer.concat(pieces)) : await imageSizeFromFile(spilled.path);
    return width > 0 && height > 0 ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}
