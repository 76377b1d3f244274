/** What we say about ourselves, and what the user wants said to which host. */
import type { HostRule } from '../config/types.ts';

/**
 * Headers of one hop.
 * @param own - of the row and of the run, `name: value`; given only for hops to the host that the row named, so that
 * nothing that may be a credential follows a redirect to somebody else or into the clear
 */
export function requestHeaders(
  url: URL,
  userAgent: string,
  rule: HostRule,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const headers: Record<string, string> = {
    'user-agent': rule.userAgent ?? userAgent,
    accept: '*/*',
    'accept-encoding': 'identity',
  };
  for (const [name, value] of Object.entries(own)) headers[name.toLowerCase()] = value;
  Object.assign(headers, headerRecord(rule.headers ?? []));
  if ((url.username !== '' || url.password !== '') && headers.authorization === undefined) {
    const secret = `${unescaped(url.username)}:${unescaped(url.password)}`;
    headers.authorization = `Basic ${Buffer.from(secret).toString('base64')}`;
  }
  return headers;
}

/**
 * Lines `Name: value` as a record with lower-case names.
 * Errors: RangeError for a line that is not of that form, or that is about the connection, which is ours.
 */
export function headerRecord(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*)$/.exec(line);
    if (match === null) throw new RangeError("header: expected 'Name: value', got something else (not shown)");
    const name = (match[1] as string).toLowerCase();
    if (OURS.has(name)) throw new RangeError(`header: ${name} belongs to the connection and cannot be set`);
    headers[name] = (match[2] as string).trim();
  }
  return headers;
}

const OURS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** A `%` that escapes nothing stands for itself: the URL parser lets it through. */
export function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
