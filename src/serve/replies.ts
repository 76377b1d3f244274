/** What every reply of the live page's server says beside its body. */
import type { ServerResponse } from 'node:http';

const HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
  'Cache-Control': 'no-store',
};

/** Nothing may be loaded or run by what is no page of ours. */
const NOTHING = "default-src 'none'; sandbox; frame-ancestors 'none'";

export function reply(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array,
  policy: string = NOTHING,
): void {
  const headers = { ...HEADERS, 'Content-Type': type, 'Content-Security-Policy': policy };
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

export function replyJson(response: ServerResponse, value: unknown, status = 200): void {
  reply(response, status, 'application/json; charset=utf-8', JSON.stringify(value));
}

/** Begin a reply that goes on. */
export function replyEvents(response: ServerResponse): void {
  const headers = { 'Content-Type': 'text/event-stream; charset=utf-8', 'Content-Security-Policy': NOTHING };
  response.writeHead(200, { ...HEADERS, ...headers, Connection: 'close', 'X-Accel-Buffering': 'no' });
}
