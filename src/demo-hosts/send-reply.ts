/** Put a reply on the wire, as badly as it asks for. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type Clock, sleep } from '../clock.ts';
import type { Bandwidth } from './capacity.ts';
import type { Reply } from './reply.ts';

/** One write of a long body. */
const CHUNK_BYTES = 65_536;
/** A piece of a reply on shared bandwidth: small enough to take turns, large enough for timers of a millisecond. */
const SHARED_PIECE_BYTES = 8192;
/** Between the last byte and a reset: RST throws away what the client's kernel has not handed over yet. */
const RESET_DELAY_MS = 50;

/**
 * Put a reply on the wire, as badly as it asks for.
 * @param gone - aborts when the client has left or the server closes; then this rejects
 */
export async function sendReply(
  response: ServerResponse,
  reply: Reply,
  clock: Clock,
  gone: AbortSignal,
): Promise<void> {
  if (reply.ending === 'silent') {
    if (!gone.aborted) await once(gone, 'abort');
    return;
  }
  if (reply.ending === 'reset-before-headers') {
    reset(response.socket);
    return;
  }
  const length = reply.declaredBytes === 'chunked' ? {} : { 'content-length': reply.declaredBytes };
  response.writeHead(reply.status, { ...reply.headers, ...length });
  if (reply.ending === 'complete') await sendWhole(response, reply, clock, gone);
  else await sendHalf(response, reply, clock, gone);
}

async function sendWhole(response: ServerResponse, reply: Reply, clock: Clock, gone: AbortSignal): Promise<void> {
  if (reply.bandwidth !== undefined) await share(response, reply, reply.bandwidth, gone);
  else if (reply.bytesPerSecond !== Number.POSITIVE_INFINITY) await drip(response, reply, clock, gone);
  else if (reply.totalBytes > reply.body.length) await repeat(response, reply, gone);
  else return void response.end(reply.body);
  response.end();
}

async function sendHalf(response: ServerResponse, reply: Reply, clock: Clock, gone: AbortSignal): Promise<void> {
  const half = reply.body.subarray(0, reply.body.length >> 1);
  await new Promise<void>((resolve) => response.write(half, () => resolve()));
  if (reply.ending === 'cut') {
    response.socket?.end();
    return;
  }
  await sleep(clock, RESET_DELAY_MS, gone);
  reset(response.socket);
}

/** A byte at a time when slow, a tenth of a second's worth when faster. */
async function drip(
  response: ServerResponse,
  { body, bytesPerSecond }: Reply,
  clock: Clock,
  gone: AbortSignal,
): Promise<void> {
  const step = Math.max(1, Math.floor(bytesPerSecond / 10));
  response.flushHeaders();
  for (let at = 0; at < body.length; at += step) {
    response.write(body.subarray(at, at + step));
    await sleep(clock, (1000 * step) / bytesPerSecond, gone);
  }
}

/** In pieces, as they get through. */
async function share(
  response: ServerResponse,
  { body }: Reply,
  bandwidth: Bandwidth,
  gone: AbortSignal,
): Promise<void> {
  response.flushHeaders();
  for (let at = 0; at < body.length; at += SHARED_PIECE_BYTES) {
    const piece = body.subarray(at, at + SHARED_PIECE_BYTES);
    await bandwidth.pass(piece.length, gone);
    response.write(piece);
  }
}

/** The body over and over, up to the total, as fast as the client reads. */
async function repeat(response: ServerResponse, { body, totalBytes }: Reply, gone: AbortSignal): Promise<void> {
  const copies = Math.ceil(CHUNK_BYTES / Math.max(1, body.length));
  const chunk = Buffer.concat(new Array<Buffer>(copies).fill(body));
  for (let sent = 0; sent < totalBytes; sent += chunk.length) {
    if (!response.write(chunk.subarray(0, totalBytes - sent))) await once(response, 'drain', { signal: gone });
  }
}

/**
 * RST on plain TCP. Node offers none under TLS, where dropping the connection without a close_notify is the nearest
 * thing.
 */
function reset(socket: Socket | null): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket?.resetAndDestroy();
}
