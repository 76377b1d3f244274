/** The hosts, what they do, what must come out. */
import type { Behaviour } from '../../demo-hosts/behaviour.ts';

/** One host of the demo: what it does to a downloader, and what must come out. */
export interface DemoHost {
  readonly name: string;
  readonly rows: number;
  /** For the account: what this host is like. */
  readonly story: string;
  readonly behaviours: readonly Behaviour[];
  /** Codes that its rows may end with besides being stored; every one of `certain` must occur. */
  readonly certain?: readonly string[];
  readonly possible?: readonly string[];
}

/** Good and bad neighbours in the proportions of a small web; 2,400 rows, about 20 s. */
export const DEMO_HOSTS: readonly DemoHost[] = [
  { name: 'fast.demo.test', rows: 1000, story: 'quick and sound', behaviours: [{ kind: 'latency', meanMs: 15 }] },
  {
    name: 'slow.demo.test',
    rows: 200,
    story: 'takes a third of a second',
    behaviours: [{ kind: 'latency', meanMs: 300, sigma: 0.3 }],
  },
  {
    name: 'limited.demo.test',
    rows: 300,
    story: '50 requests a second, then 429 + Retry-After',
    behaviours: [{ kind: 'rate-limit', requestsPerSecond: 50, burst: 50 }],
  },
  {
    name: 'flaky.demo.test',
    rows: 300,
    story: '5 % of the requests fail with 500',
    behaviours: [{ kind: 'status', status: 500, share: 0.05, per: 'request' }],
    possible: ['http_500'],
  },
  {
    name: 'gone.demo.test',
    rows: 200,
    story: 'a quarter of the images is gone',
    behaviours: [{ kind: 'status', status: 404, share: 0.25 }],
    certain: ['http_404'],
  },
  {
    name: 'moved.demo.test',
    rows: 100,
    story: 'redirects to another host',
    behaviours: [{ kind: 'redirect', to: 'other-host', host: 'fast.demo.test' }],
  },
  {
    name: 'cut.demo.test',
    rows: 100,
    story: 'breaks off in the middle of some bodies',
    behaviours: [{ kind: 'truncated', share: 0.1 }],
    certain: ['truncated'],
  },
  {
    name: 'posing.demo.test',
    rows: 100,
    story: 'some .jpg are HTML pages',
    behaviours: [{ kind: 'html', share: 0.3 }],
    certain: ['not_media'],
  },
  {
    name: 'noai.demo.test',
    rows: 100,
    story: 'half says X-Robots-Tag: noai',
    behaviours: [{ kind: 'robots-tag', value: 'noai', share: 0.5 }],
    certain: ['robots_tag'],
  },
];
