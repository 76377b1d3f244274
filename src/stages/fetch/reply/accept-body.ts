/**
 * From the bytes of a success to a result: decode, look what it is, measure, hash. Runs after the host's permit is
 * back.
 */
import { hash } from 'node:crypto';
import { imageSize } from 'image-size';
import { imageSizeFromFile } from 'image-size/fromFile';
import type { Clock } from '../../../clock.ts';
import type { SpilledBody } from '../../../record.ts';
import type { RowCode } from '../../../row-codes.ts';
import { BodyCollector, type CollectedBody, type CollectorOptions } from './body-collector.ts';
import { decodeContent } from './content-encoding.ts';
import { contentKind, SNIFF_BYTES } from './content-kind.ts';

export interface AcceptOptions extends CollectorOptions {
  readonly clock: Clock;
  readonly maxBytes: number;
  readonly expectContent: 'media' | 'any';
  readonly hash: boolean;
}

export interface ReceivedBody extends CollectedBody {
  readonly headers: { readonly contentType?: string; readonly contentEncoding?: string };
}

export interface AcceptedBody {
  readonly body: Buffer | SpilledBody;
  readonly bytes: number;
  readonly contentType: string;
  readonly extension: string;
  readonly sha256?: string;
  /** From the whole body to this verdict. */
  readonly hashMs: number;
  readonly width?: number;
  readonly height?: number;
}

/** `held` is what keeps memory or disk now, to be released whatever the verdict. */
export type Acceptance = { readonly held: CollectedBody } & (
  | { readonly ok: true; readonly accepted: AcceptedBody }
  | { readonly ok: false; readonly code: RowCode; readonly message: string }
);

/**
 * Look at a body.
 * @param release - called with what is no longer needed: the encoded form of a body that was decoded
 * @returns rejects only for faults of our own disk
 */
export async function acceptBody(
  received: ReceivedBody,
  options: AcceptOptions,
  release: (body: CollectedBody) => void,
): Promise<Acceptance> {
  const startMs = options.clock.nowMs();
  const { contentType: declared, contentEncoding } = received.headers;
  let held: CollectedBody = received;
  if (contentEncoding !== undefined) {
    const result = await decodeContent(
      held.body,
      held.head,
      contentEncoding,
      options.maxBytes,
      new BodyCollector(options, 0),
    );
    if (!result.ok) return { ...result, held };
    release(held);
    held = result.decoded;
  }
  const { body, head } = held;
  const bytes = Buffer.isBuffer(body) ? body.length : body.bytes;
  if (bytes === 0) return { ok: false, code: 'empty_body', message: 'a success without any bytes', held };
  const { contentType, extension, isMedia } = await contentKind(head.subarray(0, SNIFF_BYTES), declared);
  if (options.expectContent === 'media' && !isMedia) {
    return {
      ok: false,
      code: 'not_media',
      message: `the bytes are ${contentType}, not an image, audio or video`,
      held,
    };
  }
  const digest = options.hash ? (held.sha256 ?? hash('sha256', body as Buffer)) : undefined;
  const size = contentType.startsWith('image/') ? await dimensions(body) : undefined;
  return {
    ok: true,
    accepted: {
      body,
      bytes,
      contentType,
      extension,
      ...(digest === undefined ? {} : { sha256: digest }),
      ...size,
      hashMs: options.clock.nowMs() - startMs,
    },
    held,
  };
}

/** Pixels, where the header can be read. A broken header is no reason to drop bytes that somebody may repair. */
async function dimensions(body: Buffer | SpilledBody): Promise<{ width: number; height: number } | undefined> {
  try {
    const { width, height } = Buffer.isBuffer(body) ? imageSize(body) : await imageSizeFromFile(body.path);
    return width > 0 && height > 0 ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}
