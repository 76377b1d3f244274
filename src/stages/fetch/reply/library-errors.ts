/**
 * What the errors of the layers below mean: undici's, every one of them by its code, and those of sockets and TLS. What
 * stands in no table has a row code of its own, so that no news of a library passes for a fault of a host.
 */
import { isIP } from 'node:net';
import { hasIPv6 } from '../../../network/families.ts';
import { isShortage } from '../../../open-files.ts';
import type { RowCode } from '../../../row-codes.ts';

/** `connection`: it ended, before the reply or within it. */
export type ErrorMeaning = RowCode | 'connection';

/** By undici's `code`. Those that belong to uses of undici that are not ours mean nothing here. */
export const UNDICI_ERRORS: Readonly<Record<string, ErrorMeaning>> = {
  UND_ERR_SOCKET: 'connection',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout_headers',
  UND_ERR_BODY_TIMEOUT: 'timeout_body',
  UND_ERR_HEADERS_OVERFLOW: 'protocol_error',
  // What it refuses to send never becomes better: a header of the row's own that is none.
  UND_ERR_INVALID_ARG: 'invalid_url',
  UND_ERR_NOT_SUPPORTED: 'invalid_url',
  // Of any parser error after a Content-Length: only in a body is it about lengths.
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'protocol_error',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'too_large',
  UND_ERR: 'unknown_error',
  UND_ERR_ABORT: 'unknown_error',
  UND_ERR_ABORTED: 'unknown_error',
  UND_ERR_BPL_MISSING_UPSTREAM: 'unknown_error',
  UND_ERR_CLOSED: 'unknown_error',
  UND_ERR_DESTROYED: 'unknown_error',
  UND_ERR_INFO: 'unknown_error',
  UND_ERR_INVALID_RETURN_VALUE: 'unknown_error',
  UND_ERR_MAX_ORIGINS_REACHED: 'unknown_error',
  UND_ERR_PRX_TLS: 'unknown_error',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'unknown_error',
  UND_ERR_REQ_RETRY: 'unknown_error',
  UND_ERR_RESPONSE: 'unknown_error',
  UND_ERR_SOCKS5: 'unknown_error',
  UND_ERR_WS_MESSAGE_SIZE_EXCEEDED: 'unknown_error',
};

/** Of a socket that was lost, by Node's and the system's codes. */
const LOST: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ENOTCONN',
  'ETIMEDOUT',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ERR_SOCKET_CLOSED',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** Where nothing is connected yet, the same codes say why. */
const CONNECT_ERRORS: Readonly<Record<string, RowCode>> = {
  ECONNREFUSED: 'connect_refused',
  ETIMEDOUT: 'connect_timeout',
};

/**
 * @param phase - `connecting`: nothing was sent; `sent`: no reply yet; `body`: its head was whole
 */
export function meaningOf(error: unknown, phase: 'connecting' | 'sent' | 'body'): ErrorMeaning {
  const { code = '', name, message = '', syscall } = error as NodeJS.ErrnoException;
  if (isShortage(error)) return isAddressMissing(error) ? 'connect_error' : 'local_shortage';
  // Without its code in undici 7. A body without its end is a parser's error too.
  if (name === 'HTTPParserError')
    return phase === 'body' && message.includes('Invalid EOF state') ? 'connection' : 'protocol_error';
  if (phase === 'body' && code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return 'connection';
  // An interim reply or a switch of protocols that nobody asked for: "bad response", "bad upgrade".
  if (code === 'UND_ERR_SOCKET' && message.startsWith('bad ')) return 'protocol_error';
  // What the parser takes for impossible: a status below 100, a switch of protocols behind an early hint.
  if (code === 'ERR_ASSERTION' && message.startsWith('The expression')) return 'protocol_error';
  const known = UNDICI_ERRORS[code];
  if (known !== undefined) return known;
  // With TLS 1.3 a server's refusal comes after the request.
  if (isTlsError(code)) return phase === 'body' ? 'connection' : 'tls_error';
  if (phase === 'connecting' && code !== 'ECONNRESET' && syscall !== undefined)
    return CONNECT_ERRORS[code] ?? 'connect_error';
  return LOST.has(code) ? 'connection' : 'unknown_error';
}

/** A machine without IPv6 has no address of its own to connect from; nor is there any way to port 0. */
function isAddressMissing(error: unknown): boolean {
  const { code, address = '', port } = error as { code?: string; address?: string; port?: number };
  return code === 'EADDRNOTAVAIL' && (port === 0 || (isIP(address) === 6 && !hasIPv6()));
}

function isTlsError(code: string): boolean {
  return /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO|HOSTNAME_MISMATCH|INVALID_CA)/.test(code);
}
