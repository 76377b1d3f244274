/**
 * From the bytes of a success to a result: decode, look what it is, measure, hash. Runs after the host's permit is
 * back.
 */
import { createHash, hash } from 'node:crypto';
import type { Clock } from '../../../clock.ts';
import { imageFormat } from '../../../image/image-format.ts';
import { type ImageFacts, readImage } from '../../../image/image-reader.ts';
import type { RowCode } from '../../../row-codes.ts';
import type { RowPulse } from '../../../structures/row-pulse.ts';
import { BodyCollector, type CollectedBody, type CollectorOptions, headOf } from './body-collector.ts';
import { type Decoded, decodeContent } from './content-encoding.ts';
import { type ContentKind, contentKind, imageKind, ownImage } from './content-kind.ts';
import { mediaSignature, SNIFF_BYTES } from './media-signature.ts';

export interface AcceptOptions extends CollectorOptions {
  readonly clock: Clock;
  readonly maxBytes: number;
  readonly expectContent: 'image' | 'media' | 'any';
  /** Store images that are not whole, with a flag. */
  readonly keepBroken: boolean;
  /** Of images; empty: every type. */
  readonly imageTypes: readonly string[];
  readonly hash: boolean;
  /** Told whose bytes are being looked at, for those who watch. */
  readonly pulse: RowPulse;
}

/** How anything is accepted. */
export const ANYTHING = { expectContent: 'any', imageTypes: [] } as const;

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
  /** What is odd about it all the same. */
  readonly flags: readonly string[];
}

/**
 * `broken`: cut or garbled. `bytes_before`, `bytes_behind`: of something else, before the image or behind it.
 * `not_encoded`: the reply named a Content-Encoding that its bytes are not in.
 */
export type BodyFlag = 'broken' | 'bytes_before' | 'bytes_behind' | 'not_encoded';

/** `held` is what keeps memory or disk now, to be released whatever the verdict. */
export type Acceptance = { readonly held: CollectedBody } & (
  | { readonly ok: true; readonly accepted: AcceptedBody }
  | { readonly ok: false; readonly code: RowCode; readonly message: string }
);

/**
 * Look at a body. At once, with no promise, unless it must be decoded first.
 * @param row - whose body it is, where rows have numbers
 * @param release - called with what is no longer needed: the encoded form of a body that was decoded
 * @returns a promise rejects only for faults of our own disk
 */
export function acceptBody(
  received: ReceivedBody,
  row: number | undefined,
  options: AcceptOptions,
  release: (body: CollectedBody) => void,
): Acceptance | Promise<Acceptance> {
  const startMs = options.clock.nowMs();
  const { contentType, contentEncoding } = received.headers;
  if (contentEncoding === undefined) return judgeSeen(received, row, contentType, options, startMs);
  return decode(received, contentEncoding, options).then((result) => {
    if (!result.ok) return asTheyAre(received, row, contentType, options, startMs) ?? { ...result, held: received };
    release(received);
    return judgeSeen(result.decoded, row, contentType, options, startMs);
  });
}

/** Bytes that do not decode, and begin as an image does: the header is wrong, and not they. */
function asTheyAre(
  received: ReceivedBody,
  row: number | undefined,
  declared: string | undefined,
  options: AcceptOptions,
  startMs: number,
): Acceptance | undefined {
  const head = headOf(received, SNIFF_BYTES);
  if (imageFormat(head) === undefined && mediaSignature(head)?.contentType.startsWith('image/') !== true)
    return undefined;
  const seen = judgeSeen(received, row, declared, options, startMs);
  if (!seen.ok) return seen;
  return { ...seen, accepted: { ...seen.accepted, flags: [...seen.accepted.flags, 'not_encoded'] } };
}

/** Whatever becomes of it, others see which row it was. */
function judgeSeen(
  held: CollectedBody,
  row: number | undefined,
  declared: string | undefined,
  options: AcceptOptions,
  startMs: number,
): Acceptance {
  if (row === undefined) return judge(held, declared, options, startMs);
  options.pulse.enter(row);
  try {
    return judge(held, declared, options, startMs);
  } finally {
    options.pulse.leave();
  }
}

function decode(encoded: CollectedBody, contentEncoding: string, options: AcceptOptions): Promise<Decoded> {
  return decodeContent(encoded, contentEncoding, options.maxBytes, new BodyCollector(options, 0));
}

function judge(held: CollectedBody, declared: string | undefined, options: AcceptOptions, startMs: number): Acceptance {
  if (held.size === 0) return { ok: false, code: 'empty_body', message: 'a success without any bytes', held };
  const found = held.spilled === undefined ? readImage(held.pieces) : held.image;
  // What nearly all bodies are.
  if (found?.wholeness === 'whole' && found.before + found.behind === 0 && found.format !== 'tiff') {
    const kind = imageKind(found);
    return unwantedType(kind, found, held, options) ?? accept(held, kind, found, options, startMs);
  }
  const head = headOf(held, SNIFF_BYTES);
  const image = ownImage(found, head);
  const kind = contentKind(image, head, declared);
  if (!isWanted(kind, image, options.expectContent)) {
    const what =
      image === undefined ? `are ${kind.contentType}, not ${WANTED[options.expectContent]}` : noPicture(image, kind);
    return { ok: false, code: 'not_media', message: `the bytes ${what}`, held };
  }
  const unwanted = unwantedType(kind, image, held, options);
  if (unwanted !== undefined) return unwanted;
  const flaw = options.keepBroken || options.expectContent === 'any' ? undefined : flawOf(image);
  if (flaw !== undefined) return { ok: false, code: 'not_whole', message: `${kind.contentType}: ${flaw}`, held };
  return accept(held, kind, image, options, startMs);
}

/** An image of a type that the user does not want; sound and video are none. */
function unwantedType(
  { contentType, extension }: ContentKind,
  image: ImageFacts | undefined,
  held: CollectedBody,
  { imageTypes }: AcceptOptions,
): Acceptance | undefined {
  const type = image?.format ?? extension;
  if (imageTypes.length === 0 || !contentType.startsWith('image/') || imageTypes.includes(type)) return undefined;
  return { ok: false, code: 'type_not_wanted', message: `${type}, and wanted are ${imageTypes.join(', ')}`, held };
}

const WANTED = { image: 'an image', media: 'an image, audio or video', any: 'anything' } as const;

function isWanted(
  { isMedia, contentType }: ContentKind,
  image: ImageFacts | undefined,
  expected: AcceptOptions['expectContent'],
): boolean {
  if (expected === 'any') return true;
  return isMedia && !hasNoPicture(image) && (expected === 'media' || contentType.startsWith('image/'));
}

/** Why tools that train would fail on an image. What stands behind it harms none of them. */
function flawOf(image: ImageFacts | undefined): string | undefined {
  if (image === undefined) return undefined;
  const { wholeness, flaw, before } = image;
  if (wholeness === 'cut') return `cut short, the bytes end at ${flaw?.at ?? 0}`;
  if (wholeness === 'garbled') return `garbled, ${flaw?.what ?? 'no picture'} at byte ${flaw?.at ?? 0}`;
  return before === 0 ? undefined : `${before} bytes of something else before it`;
}

/** Bytes that begin like an image and end, or go wrong, before they say how large it is. */
function hasNoPicture(image: ImageFacts | undefined): boolean {
  return image !== undefined && image.width === undefined && image.wholeness !== 'whole';
}

function noPicture({ flaw }: ImageFacts, { contentType }: ContentKind): string {
  return `begin like ${contentType} and are none (${flaw?.what ?? 'no size'}, at byte ${flaw?.at ?? 0})`;
}

function accept(
  held: CollectedBody,
  { contentType, extension }: ContentKind,
  image: ImageFacts | undefined,
  options: AcceptOptions,
  startMs: number,
): Acceptance {
  const sha256 = options.hash ? (held.sha256 ?? digestOf(held.pieces)) : undefined;
  const { width, height } = image ?? NO_SIZE;
  const hashMs = options.clock.nowMs() - startMs;
  return { ok: true, accepted: { contentType, extension, sha256, hashMs, width, height, flags: flagsOf(image) }, held };
}

function flagsOf(image: ImageFacts | undefined): readonly BodyFlag[] {
  if (image === undefined || (image.wholeness === 'whole' && image.before + image.behind === 0)) return NO_FLAGS;
  const flags: BodyFlag[] = image.wholeness === 'whole' ? [] : ['broken'];
  if (image.before > 0) flags.push('bytes_before');
  if (image.behind > 0) flags.push('bytes_behind');
  return flags;
}

const NO_FLAGS: readonly BodyFlag[] = [];
const NO_SIZE = { width: undefined, height: undefined };

function digestOf(pieces: readonly Buffer[]): string {
  if (pieces.length === 1) return hash('sha256', pieces[0] as Buffer);
  const digest = createHash('sha256');
  for (const piece of pieces) digest.update(piece);
  return digest.digest('hex');
}
