/** Text that is not ours made fit for a line that people read: short, and without the secrets of URLs. Pure. */
import { withoutSecrets } from './without-secrets.ts';

/** Characters of a message: what a stranger's file holds must not fill a terminal or a log. */
const MESSAGE_CHARS = 200;
/** Of an error or a warning, which may name the path of an input twice: what happened, and the command that helps. */
export const ADVICE_CHARS = 600;

/**
 * At most `most` characters: the beginning, where a message says what it is about, and the end, where it says why.
 * Without secrets of URLs.
 */
export function shortened(whole: string, most = MESSAGE_CHARS): string {
  // First: of a URL that is cut, nobody can tell what is its password.
  const text = withoutSecrets(whole);
  if (text.length <= most) return text;
  const end = Math.floor(most / 3);
  // Half of a character at an edge would be shown as a stain.
  const start = text.slice(0, most - end - 1).replace(/[\ud800-\udbff]$/, '');
  return `${start}…${text.slice(-end).replace(/^[\udc00-\udfff]/, '')}`;
}

/** The first few of a list, and how many there are beyond. */
export function someOf(names: readonly string[], most: number): string {
  const few = names.slice(0, most).map((name) => shortened(name, 40));
  return names.length > most ? `${few.join(', ')} and ${names.length - most} more` : few.join(', ');
}
