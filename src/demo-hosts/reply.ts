/** An answer as it will be put on the wire, faults and all. */
import type { Bandwidth } from './capacity.ts';

/** An answer as it will be put on the wire, faults and all. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Content-Length; `chunked` for none. Need not be the truth. */
  readonly declaredBytes: number | 'chunked';
  /** How many bytes to send: beyond the body's own, its bytes repeat. */
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  /** Shared with other replies; absent when the body leaves as fast as the client reads. */
  readonly bandwidth?: Bandwidth | undefined;
  readonly ending: Ending;
  /** Sent whole whatever part was asked for. */
  readonly isWhole?: boolean;
}

/**
 * `complete`: as declared. `cut`: half the body, then an orderly close. `reset-mid-body`: half the body, then RST.
 * `reset-before-headers`: RST at once. `silent`: nothing until the client leaves.
 */
export type Ending = 'complete' | 'cut' | 'reset-mid-body' | 'reset-before-headers' | 'silent';

/** A whole and honest answer. */
export function reply(status: number, body: Buffer, headers: Readonly<Record<string, string>>): Reply {
  return {
    status,
    headers,
    body,
    declaredBytes: body.length,
    totalBytes: body.length,
    bytesPerSecond: Number.POSITIVE_INFINITY,
    ending: 'complete',
  };
}

/** An error with a short page, as servers send them. `retryAfter` is the header's value. */
export function refusal(status: number, retryAfter?: string): Reply {
  const headers: Record<string, string> = { 'content-type': 'text/plain; charset=utf-8' };
  if (retryAfter !== undefined) headers['retry-after'] = retryAfter;
  return reply(status, Buffer.from(`${status}\n`), headers);
}

/** Connection reset, no answer. */
export function connectionReset(): Reply {
  return { ...refusal(503), ending: 'reset-before-headers' };
}

/** The same reply with another body, its length told truly. */
export function withBody(original: Reply, body: Buffer, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    ...original,
    body,
    declaredBytes: body.length,
    totalBytes: body.length,
    headers: { ...original.headers, ...headers },
  };
}

/**
 * The part of an honest image that a Range header asks for (one range from a first byte); the reply itself for anything
 * else.
 */
export function ranged(original: Reply, range: string | undefined): Reply {
  const asked = /^bytes=(\d+)-(\d*)$/.exec(range ?? '');
  const { status, body, ending, totalBytes, declaredBytes, isWhole } = original;
  const isHonest = ending === 'complete' && totalBytes === body.length && declaredBytes === body.length;
  if (asked === null || status !== 200 || isWhole === true || !isHonest) return original;
  const first = Number(asked[1]);
  const end = asked[2] === '' ? body.length : Math.min(body.length, Number(asked[2]) + 1);
  if (first >= end) return { ...refusal(416), headers: { 'content-range': `bytes */${body.length}` } };
  const headers = { 'content-range': `bytes ${first}-${end - 1}/${body.length}` };
  return { ...withBody(original, body.subarray(first, end), headers), status: 206 };
}
