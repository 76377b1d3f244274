/**
 * The members of a JSON object as text: strings unescaped, null as null, everything else (numbers, true, nested values) as it is
 * written, so that no digit is lost. Throws SyntaxError when the text is not valid JSON.
 */
export function jsonMembers(text: string): Map<string, string | null> {
  const parsed = JSON.parse(text) as Record<string, unknown>;
  const members = new Map<string, string | null>();
  let raw: Map<string, string> | undefined;
  for (const [key, value] of Object.entries(parsed)) {
    if (value === null || typeof value === 'string') members.set(key, value);
    else if (typeof value === 'boolean') members.set(key, String(value));
    else {
      raw ??= rawMembers(text);
      members.set(key, raw.get(key) ?? null);
    }
  }
  return members;
}

/** Keys and the source text of their values, of an object that is known to be valid JSON. */
function rawMembers(text: string): Map<string, string> {
  const members = new Map<string, string>();
  let at = text.indexOf('{') + 1;
  for (;;) {
    const keyStart = text.indexOf('"', at);
    if (keyStart < 0) return members;
    const keyEnd = stringEnd(text, keyStart);
    const valueStart = text.indexOf(':', keyEnd) + 1;
    const valueEnd = endOfValue(text, valueStart);
    members.set(JSON.parse(text.slice(keyStart, keyEnd)), text.slice(valueStart, valueEnd).trim());
    at = valueEnd + 1;
  }
}

/** Just after the closing quote of the string that opens at `from`. */
function stringEnd(text: string, from: number): number {
  let at = from + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** At the comma or brace that ends the value which starts at `from`. */
function endOfValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '"') at = stringEnd(text, at) - 1;
    else if (character === '{' || character === '[') depth++;
    else if (depth === 0 && (character === ',' || character === '}')) return at;
    else if (character === '}' || character === ']') depth--;
  }
  return text.length;
}
