/** What went wrong with one attempt, in our terms: undici, Node and TLS each have their own. */

import { AddressRefusedError } from '../../../network/connector.ts';
import { LookupError } from '../../../network/resolver.ts';
import { ProxyError } from '../../../network/tunnel.ts';
import type { Outcome } from '../../../paarc/limit.ts';
import type { RowCode } from '../../../row-codes.ts';
import { MalformedReply } from '../connect/reply-mender.ts';
import type { AttemptEnd, FailedAttempt } from './attempt-terms.ts';
import { meaningOf } from './library-errors.ts';

/** How long a reply asks to be left alone, ms, as far as it is listened to. */
export function pauseAsked(end: AttemptEnd, maxMs: number): number | undefined {
  const askedMs = end.kind === 'failed' ? end.retryAfterMs : undefined;
  return askedMs === undefined ? undefined : Math.min(askedMs, maxMs);
}

export interface AttemptFailure {
  readonly code: RowCode;
  readonly message: string;
  /** The proxy itself is away. */
  readonly isOurs?: boolean;
}

/** How far the attempt had come when it failed. */
export type Phase = 'connecting' | 'sent' | 'body';

/** Name an error by the layer it comes from. `phase` separates a reset during the body (truncation) from one before. */
export function failureOf(error: unknown, phase: Phase): AttemptFailure {
  if (error instanceof LookupError || error instanceof AddressRefusedError || error instanceof ProxyError)
    return { code: error.code, message: error.message, isOurs: error instanceof ProxyError && error.isAway };
  if (error instanceof MalformedReply) return { code: error.code, message: `invalid HTTP reply: ${error.message}` };
  const { code = '', reason, message = String(error) } = error as { code?: string; reason?: string; message?: string };
  // OpenSSL's message names a thread and a line of its source, and its reason what is the matter.
  const why = (code.startsWith('ERR_SSL') && reason) || message.split('\n', 1)[0];
  const text = [code, why].filter((part) => part !== '').join(': ');
  const meaning = meaningOf(error, phase);
  switch (meaning) {
    case 'connection':
      return phase === 'body'
        ? { code: 'truncated', message: 'the connection ended before the body was complete' }
        : { code: 'reset', message: 'the host closed the connection without a reply' };
    case 'connect_refused':
      return { code: meaning, message: 'connection refused' };
    case 'protocol_error':
      // undici takes every head that it cannot read for one of a wrong length, if it has read a length by then.
      return { code: meaning, message: `invalid HTTP reply: ${code.endsWith('MISMATCH') ? 'a malformed head' : text}` };
    case 'local_shortage':
      return { code: meaning, message: shortageText(error as Error) };
    case 'invalid_url':
      return { code: meaning, message: `the request cannot be sent: ${text}` };
    default:
      return { code: meaning, message: text };
  }
}

/**
 * Whether a reply that undici cannot read may be readable once it is mended: not what is no HTTP from its first byte on
 * or does not stay it, nor what ends too soon.
 */
function isMendable(error: unknown): boolean {
  return (
    !(error instanceof MalformedReply) &&
    !/Expected HTTP\/|Invalid EOF state|bad upgrade/.test((error as Error).message)
  );
}

/** How an attempt ends that an error ended. @param isOld - the connection had been used before */
export function lossOf(
  error: Error,
  phase: Phase,
  isOld: boolean,
): AttemptFailure & Pick<FailedAttempt, 'staleConnection' | 'isMendable'> {
  const failure = failureOf(error, phase);
  const { code } = failure;
  return {
    ...failure,
    staleConnection: code === 'reset' && isOld,
    isMendable: code === 'protocol_error' && isMendable(error),
  };
}

/** What was missing when the time was over. @param waits - who, beside the host, has not answered */
export function lateness(
  phase: Phase,
  waits: 'names' | 'proxy' | undefined,
  limitMs: number,
  bytes: number,
): AttemptFailure {
  const after = `after ${limitMs / 1000} s`;
  switch (phase) {
    case 'connecting':
      if (waits === 'proxy')
        return { code: 'proxy_error', message: `no connection to the proxy ${after}`, isOurs: true };
      return waits === 'names'
        ? { code: 'dns_error', message: `no answer of the name servers ${after}` }
        : { code: 'connect_timeout', message: `no connection ${after}` };
    case 'sent':
      return { code: 'timeout_headers', message: `no reply ${after}` };
    case 'body':
      return { code: 'timeout_body', message: `${bytes} bytes ${after}, not complete` };
  }
}

/** What a system call failed with, in words: of a row, and of a run that goes on more slowly. */
export function shortageText(error: Error): string {
  return `this machine has no open file, memory or port left: ${error.message.split('\n', 1)[0]}`;
}

/** What a host says of a file, and what it says to whoever it does not want any more. */
export const DENIALS: ReadonlySet<RowCode | undefined> = new Set<RowCode>([
  'http_403',
  'http_404',
  'http_410',
  'not_media',
]);
const denied: Outcome = { kind: 'neutral', isDenied: true };
const neutral: Outcome = { kind: 'neutral' };

/** Codes that say something about what the host can carry; every other failure is neutral to its limit. */
const OVERLOAD: ReadonlySet<RowCode> = new Set<RowCode>([
  'connect_refused',
  'connect_timeout',
  'reset',
  'timeout_headers',
  'timeout_body',
  'too_slow',
  'truncated',
  'http_408',
]);

/**
 * What an attempt means to the host's limit. Success is 2xx and 3xx; 4xx other than 408 and 429 say nothing about
 * capacity. A connection that vanished during the TLS handshake counts as overload, a certificate that does not fit
 * does not.
 */
export function outcomeOf(
  code: RowCode | undefined,
  timing: { headersMs: number; serviceMs: number; bytes: number },
  retryAfterMs: number | undefined,
  isShut?: boolean,
): Outcome {
  const { serviceMs } = timing;
  if (code === undefined || code === 'http_304')
    return { kind: 'ok', headersMs: timing.headersMs, serviceMs, bytes: timing.bytes };
  if (code === 'http_429') return { kind: 'rate', serviceMs, retryAfterMs, ...(isShut === true ? { isShut } : {}) };
  if (OVERLOAD.has(code) || (code.startsWith('http_5') && code.length === 8))
    return { kind: 'overload', serviceMs, retryAfterMs };
  return DENIALS.has(code) ? denied : neutral;
}
