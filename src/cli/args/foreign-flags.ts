/** Options of the programs that people come from, answered with ours. */
import { FROM_IMG2DATASET } from '../../config/img2dataset-options.ts';

/** As in GNU Wget, curl and aria2; `null` for what is so without an option. */
const OF_DOWNLOADERS: Readonly<Record<string, string>> = {
  'input-file': 'name the list itself: flow-dc download LIST',
  'directory-prefix': '-o DEST',
  dir: '-o DEST',
  tries: '--max-retry-attempts N',
  'max-tries': '--max-retry-attempts N',
  retry: '--max-retry-attempts N',
  waitretry: '--retry-backoff-sec SECONDS',
  'read-timeout': '--timeout-sec SECONDS',
  'max-time': '--timeout-sec SECONDS',
  'connect-timeout': '--timeout-sec SECONDS',
  'no-check-certificate': '--insecure',
  'check-certificate': '--insecure',
  'ca-certificate': '--ca-file FILE',
  cacert: '--ca-file FILE',
  'max-redirect': '--max-redirects N',
  'max-redirs': '--max-redirects N',
  continue: 'the same command again resumes',
  'no-clobber': 'the same command again resumes',
  timestamping: 'flow-dc refresh DEST asks again what has changed',
  'max-concurrent-downloads': '--concurrent-downloads N',
  parallel: '--concurrent-downloads N',
  'max-connection-per-server': '--C-max N',
  'limit-rate': 'a rule of a host in --config FILE: every host is asked as fast as it stands',
  wait: 'a rule of a host in --config FILE: every host is asked as fast as it stands',
  'http-proxy': '--proxy URL',
  'load-cookies': '--header "Cookie: ..."',
  location: 'redirects are followed: --max-redirects N',
  quiet: '--progress off',
  silent: '--quiet, or --progress off',
  verbose: '--log-file FILE, with --log-level debug',
  version: 'flow-dc --version',
};

/** Flags of one letter, in which case counts. */
const LETTERS: Readonly<Record<string, string>> = {
  i: 'name the list itself: flow-dc download LIST',
  O: '-o DEST',
  P: '-o DEST',
  t: '--max-retry-attempts N',
  T: '--timeout-sec SECONDS',
  m: '--timeout-sec SECONDS',
  j: '--concurrent-downloads N',
  c: 'the same command again resumes',
  k: '--insecure',
  L: 'redirects are followed: --max-redirects N',
  A: '--user-agent TEXT',
  U: '--user-agent TEXT',
  v: 'flow-dc --version, or --log-file FILE with --log-level debug',
  V: 'flow-dc --version',
};

/** What to say of a short flag that is not ours: `-j 8`, `-j8`. */
export function foreignLetter(token: string): string | undefined {
  const here = /^-[a-zA-Z]\d*$/.test(token) ? LETTERS[token.charAt(1)] : undefined;
  return here && `here: ${here}`;
}

/** What to say of a flag of another program; undefined for names that none of them has. */
export function foreignFlag(plainName: string): string | undefined {
  const option = FROM_IMG2DATASET[plainName.replaceAll('-', '_')];
  if (option !== undefined) return `img2dataset's; here: ${option.here}`;
  const here = OF_DOWNLOADERS[plainName];
  return here === undefined ? undefined : `here: ${here}`;
}
