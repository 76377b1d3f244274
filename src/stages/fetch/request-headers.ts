/** What we say about ourselves, and what the user wants said to which host. */
import type { HostRule } from '../../config/types.ts';

/**
 * Headers of one hop.
 * @param own - of the row and of the run, `name: value`; given only for hops to the host that the row named, so that
 * nothing that may be a credential follows a redirect to somebody else
 */
export function requestHeaders(url: URL, userAgent: string, rule: HostRule, own: Readonly<Record<string, string>>): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': rule.userAgent ?? userAgent, accept: '*/*', 'accept-encoding': 'identity' };
  for (const [name, value] of Object.entries(own)) headers[name.toLowerCase()] = value;
  Object.assign(headers, headerRecord(rule.headers ?? []));
  if ((url.username !== '' || url.password !== '') && headers['authorization'] === undefined) {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  return headers;
}

/**
 * Lines `Name: value` as a record with lower-case names.
 * Errors: RangeError for a line that is not of that form.
 */
export function headerRecord(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*)$/.exec(line);
    if (match === null) throw new RangeError(`header: expected 'Name: value', got '${line.replace(/[\r\n]/g, ' ')}'`);
    headers[(match[1] as string).toLowerCase()] = (match[2] as string).trim();
  }
  return headers;
}
