/**
 * Secrets in what an upload program is called with: everybody on the machine would see them in the list of processes,
 * and the job's file would keep them. Found by how they are written; what is said of them is their name alone.
 */

const KIND =
  '(?:secret|passw(?:or)?d|passphrase|token|api[-_]?key|access[-_]?key(?![-_]?id)|account[-_]?key|sas[-_]?url|credentials?|\\bpass)';
const NAME = `([\\w-]*${KIND}[\\w-]*)(?<!file|path|stdin)`;
/** `password=x`, `--token=x`; what a program keeps in a file is named by its path. */
const SETTING = new RegExp(`(?:${NAME}|([?&][\\w-]*sig(?:nature)?))=[^,\\s{}"']`, 'i');
/** `--password x`. */
const FLAG = new RegExp(`(?:^|\\s)["']?--?${NAME}["']?\\s+["']?[^\\s{}"'-]`, 'i');
/** `Authorization: Bearer x`; with `-H` any name that says so. A remote of rclone may be called `secret:`. */
const HEADER = /\b((?:proxy-)?authorization|(?:set-)?cookie|x-[\w-]*(?:key|token|auth|secret)[\w-]*):\s*[^\s{}"']/i;
const GIVEN_HEADER = new RegExp(`(?:-H|--header)["'=\\s]*([\\w-]*${KIND}[\\w-]*):\\s*[^\\s{}"']`, 'i');
/** `-u a:b`, `-ua:b`, `--user=a:b`. */
const USER = /(?:^|\s)["']?(?:-u|-U|--(?:proxy-)?user|--username)["'=\s]*[^\s"':{}=-][^\s"':]*:[^\s"']/;
const BEARER = /\b(?:bearer|basic)\s+[\w.~+/=-]{3,}/i;
const SSHPASS = /(?:^|[\s/])sshpass["']?\s+["']?-p/;
const KEY_ID = /\b(?:AKIA|ASIA)[0-9A-Z]{12,}\b/;
const USER_OF_URL = /[a-z][a-z0-9+.-]*:\/\/[^\s"'/@]*:[^\s"'/@]*@/i;
/** `user:password@host`, as scp and others are told of machines. */
const BARE_USER = /(?:^|[\s="'])[^\s/:@="'{}]+:[^\s/@"']+@[\w.[-]/;

/**
 * What the first secret of a text is called, or undefined.
 * @param withBare - whether `a:b@c` is a password; in some paths it is none
 */
function secretIn(text: string, withBare: boolean): string | undefined {
  for (const form of [SETTING, HEADER, GIVEN_HEADER, FLAG]) {
    const [found, name = 'a signature'] = form.exec(text) ?? [];
    if (found !== undefined) return name.replace(/^-+/, '');
  }
  if (BEARER.test(text)) return 'a token';
  if (USER.test(text) || SSHPASS.test(text)) return 'a password';
  if (KEY_ID.test(text)) return 'an access key';
  if (withBare && BARE_USER.test(text)) return 'a password';
  return USER_OF_URL.test(text) ? 'a password' : undefined;
}

/** What is wrong with a key whose value becomes arguments of a program, or undefined. */
export function uploadProblem(key: string, value: unknown, withBare: boolean): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (value.startsWith('-')) return `${key}: begins with a dash, which programs take for an option`;
  const name = secretIn(value, withBare);
  if (name === undefined) return undefined;
  return (
    `${key}: ${name} would be seen by everybody on this machine; leave it to the environment or to ` +
    "the program's own configuration"
  );
}
