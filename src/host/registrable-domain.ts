/** Which hosts belong together, by the public suffix list. */
import { parse } from 'tldts';

/**
 * What a host, `name[:port]`, has in common with its siblings: `img1.example.co.uk:8080` and
 * `example.co.uk` are both `example.co.uk`. Addresses, names that no public suffix is listed for, and suffixes
 * themselves have no siblings: they come back as they are. The list's private part (github.io, blogspot.com) is left
 * out on purpose: what is wanted is who answers, not whose pages they are.
 */
export function registrableDomain(host: string): string {
  const { domain, isIcann } = parse(host);
  return domain !== null && isIcann === true ? domain : host;
}
