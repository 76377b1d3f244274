/** The longest pause that a reply can impose; a host that asks for more is asked again after this. */
const MAX_PAUSE_MS = 60 * 60 * 1000;

/**
 * Milliseconds to wait as asked by a `Retry-After` header, in either form of RFC 9110 10.2.3: delay in seconds
 * (fractions accepted, since some servers send them) or an HTTP-date.
 * @param wallMs - now, since a date is absolute
 * @returns undefined for a header that is missing or means nothing
 */
export function retryAfterMs(header: string | undefined, wallMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Number(text) * 1000, MAX_PAUSE_MS);
  if (!/^[A-Za-z]/.test(text)) return undefined;
  const date = Date.parse(text);
  if (Number.isNaN(date)) return undefined;
  return Math.min(Math.max(0, date - wallMs), MAX_PAUSE_MS);
}
