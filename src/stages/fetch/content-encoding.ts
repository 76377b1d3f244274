/**
 * Undo a Content-Encoding that the server applied although we asked for identity. Bounded: a reply that unpacks to more
 * than `maxBytes` is refused while unpacking, not after.
 */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';

const DECODERS = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
} as const;

export type Decoded = { readonly ok: true; readonly body: Buffer } | { readonly ok: false; readonly code: 'decode_error' | 'too_large'; readonly message: string };

/** Whether a header value means that bytes need decoding. */
export function isEncoded(header: string | undefined): header is string {
  return header !== undefined && header.trim() !== '' && header.trim().toLowerCase() !== 'identity';
}

/** @param header - Content-Encoding, possibly several codings in the order in which they were applied */
export async function decodeContent(body: Buffer, header: string, maxBytes: number): Promise<Decoded> {
  let decoded = body;
  for (const coding of header.toLowerCase().split(',').map((c) => c.trim()).reverse()) {
    if (coding === 'identity') continue;
    const decode = DECODERS[coding as keyof typeof DECODERS];
    if (decode === undefined) return { ok: false, code: 'decode_error', message: `unknown Content-Encoding '${coding}'` };
    try {
      decoded = await decode(decoded, { maxOutputLength: maxBytes });
    } catch (error) {
      if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') return { ok: false, code: 'too_large', message: `unpacks to more than ${maxBytes} bytes` };
      return { ok: false, code: 'decode_error', message: `${coding}: ${(error as Error).message}` };
    }
  }
  return { ok: true, body: decoded };
}
