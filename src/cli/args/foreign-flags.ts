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
};

/** What to say of a flag of another program; undefined for names that none of them has. */
export function foreignFlag(plainName: string): string | undefined {
  const option = FROM_IMG2DATASET[plainName.replaceAll('-', '_')];
  if (option !== undefined) return `img2dataset's; here: ${option.here}`;
  const here = OF_DOWNLOADERS[plainName];
  return here === undefined ? undefined : `here: ${here}`;
}
