import { describe, expect, it } from 'vitest';
import { AddressRefusedError } from '../../../../../src/network/connector.ts';
import { LookupError } from '../../../../../src/network/resolver.ts';
import { ROW_CODES, type RowCode } from '../../../../../src/row-codes.ts';
import { failureOf, outcomeOf, type Phase } from '../../../../../src/stages/fetch/reply/attempt-error.ts';

const TIMING = { headersMs: 5, serviceMs: 9, bytes: 100 };

/** What each code means to the limit of the host it came from. Codes that never end a request are neutral. */
const OUTCOMES: readonly [RowCode, 'ok' | 'rate' | 'overload' | 'neutral'][] = [
  ['already_stored', 'neutral'],
  ['bad_row', 'neutral'],
  ['duplicate_url', 'neutral'],
  ['proxy_error', 'neutral'],
  ['invalid_url', 'neutral'],
  ['unsupported_scheme', 'neutral'],
  ['address_refused', 'neutral'],
  ['dns_not_found', 'neutral'],
  ['dns_error', 'neutral'],
  ['connect_refused', 'overload'],
  ['connect_timeout', 'overload'],
  ['connect_error', 'neutral'],
  ['tls_error', 'neutral'],
  ['reset', 'overload'],
  ['protocol_error', 'neutral'],
  ['timeout_headers', 'overload'],
  ['timeout_body', 'overload'],
  ['too_slow', 'overload'],
  ['truncated', 'overload'],
  ['too_large', 'neutral'],
  ['empty_body', 'neutral'],
  ['decode_error', 'neutral'],
  ['not_media', 'neutral'],
  ['not_whole', 'neutral'],
  ['type_not_wanted', 'neutral'],
  ['too_many_redirects', 'neutral'],
  ['bad_redirect', 'neutral'],
  ['robots_tag', 'neutral'],
  ['host_down', 'neutral'],
  ['host_banned', 'neutral'],
  ['host_paused', 'neutral'],
  ['host_skipped', 'neutral'],
  ['no_label', 'neutral'],
  ['already_stored', 'neutral'],
  ['bad_row', 'neutral'],
  ['duplicate_url', 'neutral'],
  ['unit_deadline', 'neutral'],
  ['local_shortage', 'neutral'],
  ['unknown_error', 'neutral'],
  ['poison_row', 'neutral'],
  ['removed', 'neutral'],
  ['replaced', 'neutral'],
  ['unit_failed', 'neutral'],
  ['http_304', 'ok'],
  ['http_400', 'neutral'],
  ['http_401', 'neutral'],
  ['http_403', 'neutral'],
  ['http_404', 'neutral'],
  ['http_408', 'overload'],
  ['http_410', 'neutral'],
  ['http_429', 'rate'],
  ['http_451', 'neutral'],
  ['http_500', 'overload'],
  ['http_502', 'overload'],
  ['http_503', 'overload'],
  ['http_504', 'overload'],
  ['http_599', 'overload'],
  ['http_999', 'neutral'],
];

describe('what an attempt means to the limit of its host', () => {
  it.each(OUTCOMES)('%s is %s', (code, kind) => {
    expect(outcomeOf(code, TIMING, undefined).kind).toBe(kind);
  });

  it('every named code is in the table above', () => {
    const listed = new Set(OUTCOMES.map(([code]) => code));
    expect(Object.keys(ROW_CODES).filter((code) => !listed.has(code as RowCode))).toEqual([]);
  });

  it('a success carries both its times and its bytes', () => {
    expect(outcomeOf(undefined, TIMING, undefined)).toEqual({ kind: 'ok', ...TIMING });
    // The engine hands over the whole end of an attempt, which has a kind of its own.
    const end = { ...TIMING, kind: 'body', status: 200 };
    expect(outcomeOf(undefined, end, undefined)).toEqual({ kind: 'ok', ...TIMING });
  });

  it('Retry-After goes with 429 and 503', () => {
    expect(outcomeOf('http_429', TIMING, 4000)).toEqual({ kind: 'rate', serviceMs: 9, retryAfterMs: 4000 });
    expect(outcomeOf('http_503', TIMING, 4000)).toEqual({ kind: 'overload', serviceMs: 9, retryAfterMs: 4000 });
  });
});

const ERRORS: readonly [string, Phase, RowCode][] = [
  ['ECONNREFUSED', 'connecting', 'connect_refused'],
  ['ETIMEDOUT', 'connecting', 'connect_timeout'],
  ['UND_ERR_CONNECT_TIMEOUT', 'connecting', 'connect_timeout'],
  ['ENETUNREACH', 'connecting', 'connect_error'],
  ['EHOSTUNREACH', 'connecting', 'connect_error'],
  ['EMFILE', 'connecting', 'local_shortage'],
  ['ENFILE', 'connecting', 'local_shortage'],
  ['ENOMEM', 'connecting', 'local_shortage'],
  ['ENOBUFS', 'connecting', 'local_shortage'],
  ['EADDRNOTAVAIL', 'connecting', 'local_shortage'],
  ['ENOBUFS', 'sent', 'local_shortage'],
  ['ENOMEM', 'body', 'local_shortage'],
  ['ECONNRESET', 'connecting', 'reset'],
  ['ECONNRESET', 'sent', 'reset'],
  ['UND_ERR_SOCKET', 'sent', 'reset'],
  ['EPIPE', 'sent', 'reset'],
  ['ETIMEDOUT', 'sent', 'reset'],
  ['ECONNRESET', 'body', 'truncated'],
  ['UND_ERR_SOCKET', 'body', 'truncated'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'body', 'truncated'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'sent', 'protocol_error'],
  ['UND_ERR_INFO', 'sent', 'unknown_error'],
  ['UND_ERR_DESTROYED', 'connecting', 'unknown_error'],
  ['UND_ERR_OF_NEXT_YEAR', 'sent', 'unknown_error'],
  ['UND_ERR_OF_NEXT_YEAR', 'body', 'unknown_error'],
  ['ERR_ASSERTION', 'sent', 'unknown_error'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'sent', 'tls_error'],
  ['UND_ERR_HEADERS_OVERFLOW', 'sent', 'protocol_error'],
  ['UND_ERR_INVALID_ARG', 'connecting', 'invalid_url'],
  ['UND_ERR_NOT_SUPPORTED', 'connecting', 'invalid_url'],
  ['CERT_HAS_EXPIRED', 'connecting', 'tls_error'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'connecting', 'tls_error'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'connecting', 'tls_error'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'connecting', 'tls_error'],
  ['EPROTO', 'connecting', 'tls_error'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'connecting', 'tls_error'],
  ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'body', 'truncated'],
];

describe('an error of the layers below', () => {
  it.each(ERRORS)('%s while %s is %s', (code, phase, expected) => {
    const syscall = phase === 'connecting' && /^E[A-Z]+$/.test(code) ? 'connect' : undefined;
    expect(failureOf(Object.assign(new Error('the text'), { code, syscall }), phase).code).toBe(expected);
  });

  it('without any name is neither the host’s fault nor one of a stale connection', () => {
    for (const phase of ['connecting', 'sent', 'body'] as const)
      expect(failureOf(new TypeError('of our own making'), phase).code).toBe('unknown_error');
  });

  it.each([
    ['Expected HTTP/', 'sent', 'protocol_error'],
    ['Invalid character in chunk size', 'body', 'protocol_error'],
    ['Invalid EOF state', 'body', 'truncated'],
  ] as const)('of the parser, "%s" while %s, is %s', (message, phase, expected) => {
    expect(failureOf(Object.assign(new Error(message), { name: 'HTTPParserError' }), phase).code).toBe(expected);
  });

  it('of our own keeps its code', () => {
    expect(failureOf(new AddressRefusedError('no'), 'connecting').code).toBe('address_refused');
    expect(failureOf(new LookupError('dns_not_found', 'no'), 'connecting').code).toBe('dns_not_found');
  });

  it('is told in one line', () => {
    const error = Object.assign(new Error('first\nsecond'), { code: 'CERT_HAS_EXPIRED' });
    expect(failureOf(error, 'connecting').message).toBe('CERT_HAS_EXPIRED: first');
  });
});
