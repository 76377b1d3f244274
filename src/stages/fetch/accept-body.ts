/** From the bytes of a success to a result: decode, look what it is, measure, hash. Runs after the host's permit is back. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { imageSize } from 'image-size';
import { imageSizeFromFile } from 'image-size/fromFile';
import type { SpilledBody } from '../../record.ts';
import type { RowCode } from '../../row-codes.ts';
import { contentKind, SNIFF_BYTES } from './content-kind.ts';
import { decodeContent } from './content-encoding.ts';

export interface AcceptOptions {
  readonly maxBytes: number;
  readonly expectContent: 'media' | 'any';
  readonly hash: boolean;
}

export interface ReceivedBody {
  readonly body: Buffer | SpilledBody;
  /** First bytes of it, in memory either way. */
  readonly head: Buffer;
  /** Of the bytes as received, when they went to disk. */
  readonly sha256?: string;
  readonly contentType?: string;
  readonly contentEncoding?: string;
}

export interface AcceptedBody {
  readonly body: Buffer | SpilledBody;
  readonly bytes: number;
  readonly contentType: string;
  readonly extension: string;
  readonly sha256?: string;
  readonly width?: number;
  readonly height?: number;
}

export type Acceptance = { readonly ok: true; readonly accepted: AcceptedBody } | { readonly ok: false; readonly code: RowCode; readonly message: string };

export async function acceptBody(received: ReceivedBody, options: AcceptOptions): Promise<Acceptance> {
  let { body, head, sha256 } = received;
  if (received.contentEncoding !== undefined) {
    // An encoded body that went to disk is read back: it is at most max_bytes, and decoding needs all of it.
    const encoded = Buffer.isBuffer(body) ? body : await readFile(body.path);
    const decoded = await decodeContent(encoded, received.contentEncoding, options.maxBytes);
    if (!decoded.ok) return decoded;
    body = decoded.body;
    head = decoded.body;
    sha256 = undefined;
  }
  const bytes = Buffer.isBuffer(body) ? body.length : body.bytes;
  if (bytes === 0) return { ok: false, code: 'empty_body', message: 'a success without any bytes' };
  const kind = await contentKind(head.subarray(0, SNIFF_BYTES), received.contentType);
  if (options.expectContent === 'media' && !kind.isMedia) {
    return { ok: false, code: 'not_media', message: `the bytes are ${kind.contentType}, not an image, audio or video` };
  }
  const digest = options.hash ? (sha256 ?? (await digestOf(body))) : undefined;
  const size = kind.contentType.startsWith('image/') ? await dimensions(body) : undefined;
  const { contentType, extension } = kind;
  return { ok: true, accepted: { body, bytes, contentType, extension, ...(digest === undefined ? {} : { sha256: digest }), ...size } };
}

async function digestOf(body: Buffer | SpilledBody): Promise<string> {
  const hash = createHash('sha256');
  if (Buffer.isBuffer(body)) return hash.update(body).digest('hex');
  for await (const chunk of createReadStream(body.path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
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
