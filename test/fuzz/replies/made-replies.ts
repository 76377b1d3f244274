/** Replies as hosts send them, and what becomes of them: heads, framing, encodings, lengths, cuts, drips. */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { drawGif, drawJpeg } from '../../../src/demo-hosts/jpeg-and-gif.ts';
import { drawPng, drawWebp } from '../../../src/demo-hosts/png-and-webp.ts';
import { below, mutate, pick } from '../mutate.ts';
import { mutateText } from '../tokens.ts';
import type { RawReply } from './raw-origin.ts';

export interface MadeReply extends RawReply {
  readonly isSecure: boolean;
  /** It was cut short of what its head announces: whatever came of it, it is not the file. */
  readonly isCut: boolean;
}

const shade = (square: number): number => (square * 37) % 256;
const IMAGES: readonly Buffer[] = [
  drawJpeg(64, 48, shade),
  drawGif(32, 32, shade),
  drawPng(40, 40, shade),
  drawWebp(16, 16, shade),
];
const BODIES: readonly Buffer[] = [
  ...IMAGES,
  ...IMAGES,
  Buffer.from('<!doctype html><title>no image</title>'),
  Buffer.alloc(0),
  Buffer.concat([IMAGES[0] as Buffer, Buffer.alloc(100_000)]),
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${'<g>'.repeat(2000)}</svg>`),
];
const ENCODERS: readonly (readonly [string, (body: Buffer) => Buffer])[] = [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['gzip, br', (body) => brotliCompressSync(gzipSync(body))],
  // A bomb: a thousand times its size.
  ['gzip', () => gzipSync(Buffer.alloc(4_000_000))],
];
const TOKENS: readonly string[] = [
  ...['\r\n', '\n', '\r', '\0', ':', ' ', '\t', ';', ',', '\r\n\r\n', '0\r\n\r\n', 'ffffffffffffffff\r\n', '-1', '1e3'],
  ...[
    'Content-Length: 5\r\n',
    'content-length:\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: xchunked\r\n',
  ],
  ...[
    'Connection: close\r\n',
    'Connection: upgrade\r\nUpgrade: h2c\r\n',
    'Content-Encoding: gzip\r\n',
    'HTTP/1.1 200 OK\r\n',
  ],
  ...[
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\n\r\n',
    'HTTP/1.0',
    'HTTP/2',
    '206',
    '304',
    '999',
    '000',
  ],
  ...[
    'Content-Range: bytes 0-5/10\r\n',
    'Location: /0\r\n',
    'Location: //\r\n',
    'Retry-After: 1000000000000\r\n',
    ' folded\r\n',
  ],
  ...[
    'Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n',
    'X-Robots-Tag: noindex\r\n',
    'Set-Cookie: a=b\r\n',
    '\u00ff',
    '9'.repeat(30),
  ],
];
const STATUSES: readonly string[] = [
  ...['200 OK', '200 OK', '200 OK', '200', '206 Partial Content', '204 No Content', '205 Reset', '304 Not Modified'],
  ...['301 Moved', '302 Found', '404 Not Found', '429 Too Many', '500 Error', '503 Busy', '299 Fine', '600 Beyond'],
];

/** Everything is drawn from `random`. */
export function makeReply(random: () => number): MadeReply {
  const isSecure = random() < 0.15;
  const { bytes, isFramed } = wellFormed(random);
  const draw = random();
  const ending = pick(['open', 'open', 'end', 'reset'] as const, random);
  if (draw < 0.2 && isFramed) {
    // Never a cut of nothing: the last byte at least is missing.
    const cut = bytes.subarray(0, below(bytes.length, random));
    return { ...paced(cut, random), ending: pick(['open', 'end', 'reset'] as const, random), isSecure, isCut: true };
  }
  const sent =
    draw < 0.55 ? Buffer.from(mutateText(bytes, TOKENS, random)) : draw < 0.8 ? mutate(bytes, random) : bytes;
  return { ...paced(sent, random), ending, isSecure, isCut: false };
}

/** @returns isFramed: its head says where a success ends, and nothing follows it */
function wellFormed(random: () => number): { readonly bytes: Buffer; readonly isFramed: boolean } {
  const status = pick(STATUSES, random);
  const plain = pick(BODIES, random);
  const [coding, encode] = random() < 0.25 ? pick(ENCODERS, random) : ['', (body: Buffer) => body];
  const body = encode(plain);
  const lines = [`HTTP/1.1 ${status}`, `Content-Type: ${pick(['image/jpeg', 'text/html', 'x', ''], random)}`];
  if (coding !== '') lines.push(`Content-Encoding: ${coding}`);
  if (/^30[12]/.test(status)) lines.push(`Location: ${pick(['/x', '//h.test', 'ftp://a/', '\u00e9', ''], random)}`);
  // One that does not say when is asked twenty times, which takes its time.
  const after = random() < 0.02 ? pick(['0', '1e12', 'x'], random) : '1000000000000';
  if (/^(429|503)/.test(status)) lines.push(`Retry-After: ${after}`);
  const framing = pick(['length', 'chunks', 'close'] as const, random);
  if (framing === 'length') lines.push(`Content-Length: ${body.length}`);
  if (framing === 'chunks') lines.push('Transfer-Encoding: chunked');
  if (framing === 'close' || random() < 0.2) lines.push('Connection: close');
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const isFramed = framing !== 'close' && status.startsWith('200');
  return { bytes: Buffer.concat([head, framing === 'chunks' ? chunked(body, random) : body]), isFramed };
}

function chunked(body: Buffer, random: () => number): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const piece = body.subarray(at, at + 1 + below(8000, random));
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
    at += piece.length;
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}

/** At once, in a few pieces, or byte by byte to begin with. */
function paced(bytes: Buffer, random: () => number): Pick<RawReply, 'pieces' | 'pauseMs'> {
  const draw = random();
  if (draw < 0.6) return { pieces: [bytes], pauseMs: 0 };
  const width = draw < 0.9 ? 1 + below(bytes.length + 1, random) : 1;
  const pieces: Buffer[] = [];
  let at = 0;
  for (; at < bytes.length && pieces.length < 8; at += width) pieces.push(bytes.subarray(at, at + width));
  return { pieces: [...pieces, bytes.subarray(at)], pauseMs: 1 + below(20, random) };
}
