/** Globs over files. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';

/** Whether a name holds any of `* ? [ {`. A file that exists under such a name is taken as it is. */
export function isGlob(name: string): boolean {
  return /[*?[{]/.test(name);
}

/**
 * Files that match a pattern, sorted. `*` and `?` stay within a name and skip names with a leading dot,
 * `**` spans folders, `[a-z]`, `[!a-z]` and `{a,b}` are as in a shell. Links to folders are followed only where they
 * are named.
 */
export async function expandGlob(pattern: string): Promise<string[]> {
  const found = new Set<string>();
  for (const plain of braces(pattern)) {
    const isAbsolute = path.isAbsolute(plain);
    await walk(
      isAbsolute ? '/' : '',
      plain.split('/').filter((part) => part !== '' && part !== '.'),
      found,
    );
  }
  return [...found].sort();
}

async function walk(folder: string, parts: readonly string[], found: Set<string>): Promise<void> {
  const [part, ...rest] = parts;
  if (part === undefined) return;
  if (part === '**') {
    await walk(folder, rest.length === 0 ? ['*'] : rest, found);
    for (const entry of await entriesOf(folder)) {
      if (entry.isDirectory() && !entry.name.startsWith('.')) await walk(path.join(folder, entry.name), parts, found);
    }
    return;
  }
  if (!isGlob(part) && rest.length > 0) return walk(folder === '' ? part : path.join(folder, part), rest, found);
  const matcher = segmentMatcher(part);
  for (const entry of await entriesOf(folder)) {
    if (!matcher.test(entry.name) || (entry.name.startsWith('.') && !part.startsWith('.'))) continue;
    const full = path.join(folder, entry.name);
    if (rest.length > 0) await walk(full, rest, found);
    else if (!entry.isDirectory()) found.add(full);
  }
}

/** Folders that vanish or may not be read match nothing, as in a shell. */
async function entriesOf(folder: string) {
  return readdir(folder === '' ? '.' : folder, { withFileTypes: true }).catch(() => []);
}

function segmentMatcher(part: string): RegExp {
  const source = part.replace(
    /\[(!?)([^\]]+)\]|[*?]|[.+^${}()|[\]\\]/g,
    (token, not: string | undefined, set: string | undefined) => {
      if (token === '*') return '[^/]*';
      if (token === '?') return '[^/]';
      return set === undefined ? `\\${token}` : `[${not ? '^' : ''}${set.replace(/[\\^]/g, '\\$&')}]`;
    },
  );
  return new RegExp(`^${source}$`, 'u');
}

/** `a{b,c}d` as `abd` and `acd`; braces may nest. */
function braces(pattern: string): string[] {
  const match = /^(.*?)\{([^{}]*)\}(.*)$/s.exec(pattern);
  if (match === null) return [pattern];
  const [, before = '', choices = '', after = ''] = match;
  return choices.split(',').flatMap((choice) => braces(`${before}${choice}${after}`));
}
