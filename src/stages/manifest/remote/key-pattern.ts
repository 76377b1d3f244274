/** Patterns of keys in an object store, as a shell has them for files. Pure. */

/** Whether a key holds any of `* ? [ {`. */
export function isPattern(key: string): boolean {
  return /[*?[{]/.test(key);
}

/** What every key begins with that matches: all before the first special character. */
export function literalStart(pattern: string): string {
  return pattern.slice(0, pattern.search(/[*?[{]/));
}

/**
 * `*` and `?` stay within a part of a key and skip parts with a leading dot, `**` spans parts, `[a-z]`, `[!a-z]` and
 * `{a,b}` are as in a shell. Linear in the key but for several `*` in one part.
 */
export function keyPattern(pattern: string): RegExp {
  let source = '';
  let depth = 0;
  for (let at = 0; at < pattern.length; at += 1) {
    const rest = pattern.slice(at);
    const isStart = at === 0 || pattern[at - 1] === '/';
    const char = pattern[at] as string;
    const set = /^\[(!?)([^\]/]+)\]/.exec(rest);
    if (isStart && /^\*\*(\/|$)/.test(rest)) {
      source += rest.startsWith('**/') ? '(?:(?!\\.)[^/]+/)*' : '(?:(?!\\.)[^/]+/)*(?!\\.)[^/]+';
      at += rest.startsWith('**/') ? 2 : 1;
    } else if (char === '*' || char === '?') {
      source += `${isStart ? '(?!\\.)' : ''}[^/]${char === '*' ? '*' : ''}`;
    } else if (set !== null) {
      source += `${isStart ? '(?!\\.)' : ''}[${set[1] === '!' ? '^/' : ''}${(set[2] as string).replace(/[\\^]/g, '\\$&')}]`;
      at += set[0].length - 1;
    } else if (char === '{' && rest.includes('}')) {
      depth += 1;
      source += '(?:';
    } else if (char === '}' && depth > 0) {
      depth -= 1;
      source += ')';
    } else {
      source += char === ',' && depth > 0 ? '|' : char.replace(/[\\^$.|?*+()[\]{}]/, '\\$&');
    }
  }
  return new RegExp(`^${source}${')'.repeat(depth)}$`, 'su');
}
