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

/** One line. @param commands - those that there are */
export function unknownCommand(name: string, commands: readonly string[]): string {
  return `unknown command '${shortened(name)}'${meantBy(name, commands)} (flow-dc --help)`;
}

function meantBy(name: string, commands: readonly string[]): string {
  if (/^img2dataset$/i.test(name))
    return '; flow-dc config from-img2dataset -- img2dataset ... prints what does the same here';
  const [meant] = Object.entries(MEANT).find(([, words]) => words.includes(name.toLowerCase())) ?? [];
  const near = meant ?? nearest(name, [...commands, '--help', '--version']);
  if (near !== undefined) return `; did you mean ${near}?`;
  if (name.startsWith('-')) return '; options follow a command: flow-dc download MANIFEST -o DEST';
  // A manifest, or where one lies.
  return /[./*]/.test(name) ? `; a command comes first: flow-dc download ${shortened(shellQuoted(name))} -o DEST` : '';
}
