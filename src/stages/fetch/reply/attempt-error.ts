/** What went wrong with one attempt, in our terms: undici, Node and TLS each have their own. */
import type { Outcome } from '../../../paarc/limit.ts';
import type { RowCode } from '../../../row-codes.ts';
import { AddressRefusedError } from '../connect/connector.ts';
import { LookupError } from '../connect/resolver.ts';

export interface AttemptFailure {
  readonly code: RowCode;
  readonly message: string;
}

/** How far the attempt had come when it failed. */
export type Phase = 'connecting' | 'sent' | 'body';

const CONNECT_CODES: Readonly<Record<string, RowCode>> = {
  ECONNREFUSED: 'connect_refused',
  ETIMEDOUT: 'connect_timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  ENETUNREACH: 'connect_error',
  EHOSTUNREACH: 'connect_error',
  EADDRNOTAVAIL: 'connect_error',
};

/** Name an error by the layer it comes from. `phase` separates a reset during the body (truncation) from one before. */
export function failureOf(error: unknown, phase: Phase): AttemptFailure {
  if (error instanceof LookupError || error instanceof AddressRefusedError)
    return { code: error.code, message: error.message };
  const { code = '', name, message = String(error) } = error as { code?: string; name?: string; message?: string };
  const named = CONNECT_CODES[code];
  if (named !== undefined && phase === 'connecting')
    return { code: named, message: named === 'connect_refused' ? 'connection refused' : message };
  // What undici refuses to send never becomes better: a header of the row's own that is none.
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED')
    return { code: 'invalid_url', message: `the request cannot be sent: ${message}` };
  if (phase === 'connecting' && isTlsError(code))
    return { code: 'tls_error', message: `${code}: ${message.split('\n', 1)[0]}` };
  // undici leaves the code of parser errors empty; a body without its end is one of them.
  const isParser = name === 'HTTPParserError' && !(phase === 'body' && message.includes('Invalid EOF state'));
  if (isParser || code === 'UND_ERR_HEADERS_OVERFLOW')
    return { code: 'protocol_error', message: `invalid HTTP reply: ${message}` };
  if (phase === 'body') return { code: 'truncated', message: 'the connection ended before the body was complete' };
  if (phase === 'connecting' && code !== 'ECONNRESET' && code !== 'UND_ERR_SOCKET')
    return { code: 'connect_error', message: `${code} ${message}`.trim() };
  return { code: 'reset', message: 'the host closed the connection without a reply' };
}

function isTlsError(code: string): boolean {
  return /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO|HOSTNAME_MISMATCH|INVALID_CA)/.test(code);
}

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
): Outcome {
  const { serviceMs } = timing;
  if (code === undefined) return { kind: 'ok', headersMs: timing.headersMs, serviceMs, bytes: timing.bytes };
  if (code === 'http_429') return { kind: 'rate', serviceMs, retryAfterMs };
  if (OVERLOAD.has(code) || (code.startsWith('http_5') && code.length === 8))
    return { kind: 'overload', serviceMs, retryAfterMs };
  return { kind: 'neutral' };
}
