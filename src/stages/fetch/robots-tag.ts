/**
 * Whether an `X-Robots-Tag` reply header opts this resource out. A directive may be addressed to one crawler
 * (`googlebot: noindex`); those are not for us unless they name our own agent.
 * @param refused - directives to honour, lower case
 * @returns the directive that applies, or undefined
 * Source: Google's robots meta tag specification; noai and noimageai as used by img2dataset and DeviantArt.
 */
export function robotsOptOut(header: string | readonly string[] | undefined, refused: readonly string[]): string | undefined {
  if (header === undefined || refused.length === 0) return undefined;
  for (const line of typeof header === 'string' ? [header] : header) {
    const found = lineOptOut(line, refused);
    if (found !== undefined) return found;
  }
  return undefined;
}

function lineOptOut(line: string, refused: readonly string[]): string | undefined {
  let agent = '';
  for (const part of line.toLowerCase().split(',')) {
    const colon = part.indexOf(':');
    // `unavailable_after: date` and `max-snippet: 5` also have a colon; they are no agents, and none of them is refused.
    if (colon >= 0) agent = part.slice(0, colon).trim();
    const directive = (colon >= 0 ? part.slice(colon + 1) : part).trim();
    if ((agent === '' || agent === 'flow-dc') && refused.includes(directive)) return directive;
  }
  return undefined;
}
