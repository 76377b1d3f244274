/** How much of a list is taken, and how its hosts are asked. */
import { lines } from './delimited.ts';
import { type ManifestCase, URLS } from './manifest-case.ts';

const files = { 'm.txt': lines(...URLS) };
const all = { input: 'm.txt', files, rows: { url: URLS } };

export const LIMITS: readonly ManifestCase[] = [
  { name: 'the first rows of a list', ...all, flags: ['--limit', '4'], rows: { url: URLS.slice(0, 4) } },
  {
    name: 'a rule for a host is said when the host is met',
    ...all,
    flags: ['--host', 'a.test: rate=100, c-max=1'],
    says: [/a\.test: at most 1 at once, 100 requests a second/, /hosts: 1 rule of the configuration; the limits that/],
  },
  {
    name: 'hosts of a domain share a limit, and no host is asked for more than it publishes unless told',
    ...all,
    flags: ['--host', '*: budget_by=domain', '--no-host-presets'],
    silent: ['services publish'],
  },
  {
    name: 'a rule with a key that is misspelt',
    ...all,
    flags: ['--host', 'a.test: rat=5'],
    code: 2,
    says: ['did you mean rate?'],
  },
];
