/** What to say to somebody who names a command that is none. */
import { nearest } from '../../config/nearest.ts';
import type { CommandName } from '../../config/schema/key.ts';
import { shellQuoted } from '../../shell-quoted.ts';
import { shortened } from '../../short-text.ts';

/** Words of other programs, and of plain English. */
const MEANT: Readonly<Partial<Record<CommandName, readonly string[]>>> = {
  download: ['wget', 'curl', 'aria2c', 'get', 'fetch', 'pull', 'run', 'start', 'go', 'dl'],
  inspect: ['info', 'look', 'head', 'count', 'stat'],
  verify: ['check', 'validate', 'fsck'],
  report: ['stats', 'summary', 'show'],
  partition: ['split'],
  serve: ['ui', 'web', 'dashboard', 'page'],
  worker: ['work', 'join'],
  jobs: ['list', 'ls', 'ps'],
  cancel: ['stop', 'kill', 'abort'],
  repair: ['fix'],
  resume: ['continue'],
  remove: ['rm', 'delete', 'del'],
};

const MOST_SHOWN = 500;

/** One line. @param commands - those that there are. @param rest - the words behind it */
export function unknownCommand(name: string, commands: readonly string[], rest: readonly string[] = []): string {
  return `unknown command '${shortened(name)}'${meantBy(name, commands, rest)} (flow-dc --help)`;
}

function meantBy(name: string, commands: readonly string[], rest: readonly string[]): string {
  if (/^img2dataset$/i.test(name)) {
    const theirs = rest.length === 0 ? '...' : shortened(rest.map(shellQuoted).join(' '), MOST_SHOWN);
    return `; flow-dc config from-img2dataset -- img2dataset ${theirs} prints what does the same here`;
  }
  if (/^(?:extend|append|add)$/i.test(name)) return '; rows are added by flow-dc download MANIFEST -o DEST --extend';
  if (/^(?:wget|curl|aria2c)$/i.test(name) && rest.length > 0)
    return `; here: ${shortened(ofDownloader(rest), MOST_SHOWN)}`;
  const [meant] = Object.entries(MEANT).find(([, words]) => words.includes(name.toLowerCase())) ?? [];
  const near = meant ?? nearest(name, [...commands, '--help', '--version']);
  if (near !== undefined) return `; did you mean ${near}?`;
  if (name.startsWith('-')) return '; options follow a command: flow-dc download MANIFEST -o DEST';
  // A manifest, or where one lies.
  return /[./*]/.test(name) ? `; a command comes first: flow-dc download ${shortened(shellQuoted(name))} -o DEST` : '';
}

/** What wget -i, aria2c -i and curl do, as far as where rows come from and where they go: a list, or one URL. */
function ofDownloader(words: readonly string[]): string {
  const list = valueOfFlag(words, /^(?:-i|--input-file)$/);
  const folder = valueOfFlag(words, /^(?:-P|-d|--directory-prefix|--dir|--output-dir)$/);
  const url = words.find((word) => /^https?:/i.test(word));
  const into = folder === undefined ? 'DEST' : shellQuoted(folder);
  if (list !== undefined) return `flow-dc download ${shellQuoted(list)} -o ${into}`;
  return url === undefined
    ? `flow-dc download LIST -o ${into}`
    : `echo ${shortened(url) === url ? shellQuoted(url) : 'URL'} | flow-dc download - -o ${into}`;
}

/** Of a flag: the next word, or what is written behind it. */
function valueOfFlag(words: readonly string[], flag: RegExp): string | undefined {
  for (const [at, word] of words.entries()) {
    if (flag.test(word)) return words[at + 1];
    const [, name = '', value = ''] = /^(--[a-z-]+)=(.+)$/s.exec(word) ?? /^(-[a-zA-Z])(.+)$/s.exec(word) ?? [];
    if (name !== '' && flag.test(name)) return value;
  }
  return undefined;
}
