/**
 * Why a row was not stored. One table: the outcome column `code`, docs/errors.md and the report read it.
 * `transient` marks codes that a later run may well turn into a stored sample.
 */
export const ROW_CODES = {
  bad_row: {
    transient: false,
    text: 'the row of the manifest cannot be used: too few or many cells, an open quote, no value for url_template',
  },
  invalid_url: { transient: false, text: 'the URL cannot be parsed, is null, or has no host' },
  unsupported_scheme: { transient: false, text: 'the URL is not http or https, nor s3 or gs with allow_s3' },
  address_refused: {
    transient: false,
    text: 'the host resolves to a loopback, private, link-local or metadata address',
  },
  dns_not_found: { transient: false, text: 'the host name does not exist' },
  dns_error: { transient: true, text: 'the name servers did not give an answer' },
  connect_refused: { transient: true, text: 'the host refused the connection' },
  connect_timeout: { transient: true, text: 'no connection within the time limit' },
  connect_error: { transient: true, text: 'the connection could not be made (unreachable network or host)' },
  proxy_error: { transient: true, text: 'the proxy does not let this through, or was away for too long' },
  tls_error: { transient: false, text: 'the TLS handshake or certificate check failed' },
  reset: { transient: true, text: 'the host closed the connection before the reply was complete' },
  protocol_error: { transient: true, text: 'the reply is not valid HTTP' },
  timeout_headers: { transient: true, text: 'no response headers within the time limit' },
  timeout_body: { transient: true, text: 'the body was not complete within the time limit' },
  too_slow: { transient: true, text: 'the body arrived below the minimum throughput' },
  truncated: { transient: true, text: 'the body is shorter than its Content-Length' },
  too_large: { transient: false, text: 'the body is larger than max_bytes' },
  empty_body: { transient: true, text: 'the reply is a success without any bytes' },
  decode_error: { transient: true, text: 'the Content-Encoding could not be decoded' },
  not_media: {
    transient: false,
    text: 'the bytes are not of the expected kind (a page or nothing known in place of an image)',
  },
  not_whole: {
    transient: false,
    text: 'the image is cut short or garbled, or other bytes stand before it: tools that train fail on it',
  },
  type_not_wanted: { transient: false, text: 'an image of a type that image_types does not name' },
  too_many_redirects: { transient: false, text: 'more redirects than max_redirects' },
  bad_redirect: { transient: false, text: 'a redirect without a usable Location' },
  robots_tag: { transient: false, text: 'the reply opts out by X-Robots-Tag (noai, noimageai, noindex, noimageindex)' },
  host_down: {
    transient: true,
    text: 'the host failed every request for too long; the rest of its rows were not tried',
  },
  host_banned: {
    transient: true,
    text: 'the host refused everything after it had answered; the rest of its rows were not tried',
  },
  host_paused: {
    transient: true,
    text: 'the host asked for a longer pause than max_retry_after; the rest of its rows were not tried',
  },
  no_label: { transient: false, text: 'the row has no label, and require_label asks for one' },
  host_skipped: {
    transient: false,
    text: 'the configuration says to skip this host, or somebody said so while it ran',
  },
  duplicate_url: {
    transient: false,
    text: 'an earlier row has the same URL, which is fetched once (dedupe): duplicate_of is its number',
  },
  already_stored: {
    transient: false,
    text: 'the dataset has the URL or the key already (extend); counted, without a line of its own in the tables',
  },
  unit_deadline: { transient: true, text: 'no row of the unit finished for timeout_minutes' },
  local_shortage: {
    transient: true,
    text: 'this machine had no open file, memory or port left for the row for an hour',
  },
  unknown_error: { transient: true, text: 'the HTTP library failed in a way that has no name here' },
  poison_row: { transient: false, text: 'the row ended a worker that looked at its bytes, and is left alone since' },
  removed: { transient: false, text: 'taken out of the dataset by flow-dc remove, and left alone since' },
  replaced: {
    transient: true,
    text: 'taken out of the dataset by flow-dc refresh --apply, because the file at its host has changed',
  },
  unit_failed: { transient: true, text: 'the unit was given up after max_retries errors' },
} as const satisfies Record<string, { transient: boolean; text: string }>;

export type NamedRowCode = keyof typeof ROW_CODES;
/** A named code, or `http_404` and the like for a final HTTP status that does not bring the file. */
export type RowCode = NamedRowCode | `http_${number}`;

/** Whether a later run may succeed: by table, and for HTTP statuses 202, 206, 408, 425, 429 and 5xx. */
export function isTransient(code: RowCode): boolean {
  if (!code.startsWith('http_')) return ROW_CODES[code as NamedRowCode].transient;
  const status = Number(code.slice(5));
  // Not ready yet, or a part: the next time it may be the file.
  if (status === 202 || status === 206) return true;
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** What ends a row by somebody's will: the owner's, the user's. */
const SKIPPING: ReadonlySet<string> = new Set<RowCode>([
  ...(['robots_tag', 'type_not_wanted', 'host_skipped', 'removed', 'no_label', 'duplicate_url'] as const),
]);

/** The status of a row that ended with this code. */
export function statusOf(code: string): 'failed' | 'skipped' {
  return SKIPPING.has(code) ? 'skipped' : 'failed';
}
