/**
 * Whether an `X-Robots-Tag` reply header opts this resource out. A directive may be addressed to one crawler
 * (`googlebot: noindex`); those are not for us unless they name our own agent.
 * @param refused - directives to honour, lower case
 * @returns the directive that applies, or undefined
 * Source: Google's robots meta tag specification; noai and noimageai as used by img2dataset and DeviantArt.
 */
export function robotsOptOut(
  header: string | readonly string[] | undefined,
  refused: readonly string[],
): string | undefined {
  if (header === undefined || refused.length === 0) return undefined;
  for (const line of typeof header === 'string' ? [header] : header) {
    const found = lineOptOut(line, refused);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Directives that carry a value after a colon; whatever else stands before a colon is an agent. */
const VALUED: ReadonlySet<string> = new Set([
  'unavailable_after',
  'max-snippet',
  'max-image-preview',
  'max-video-preview',
]);

function lineOptOut(line: string, refused: readonly string[]): string | undefined {
  let agent = '';
  for (const part of line.toLowerCase().split(',')) {
    const [name = '', rest] = part.split(/:(.*)/s, 2).map((text) => text.trim());
    // A date after unavailable_after has commas and colons of its own; an agent's name has no space.
    const isAgent = rest !== undefined && !VALUED.has(name) && /^[\w*-]+$/.test(name);
    if (isAgent) agent = name;
    const directive = isAgent ? rest : name;
    if (agent !== '' && agent !== '*' && agent !== 'flow-dc') continue;
    if (refused.includes(directive)) return directive;
    // `none` is short for noindex and nofollow.
    if (directive === 'none' && refused.includes('noindex')) return directive;
  }
  return undefined;
}
