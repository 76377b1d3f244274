/** The demo's hosts, what they do to a downloader and what must come out, and the manifest of their files. */
import type { Behaviour } from '../../demo-hosts/behaviour.ts';
import { hashText } from '../../demo-hosts/random.ts';

/** One host of the demo: what it does to a downloader, and what must come out. */
export interface DemoHost {
  readonly name: string;
  readonly rows: number;
  /** For the account: what this host is like. */
  readonly story: string;
  readonly behaviours: readonly Behaviour[];
  /** Codes that its rows may end with besides being fetched; every one of `certain` must occur. */
  readonly certain?: readonly string[] | undefined;
  readonly possible?: readonly string[] | undefined;
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

const LABELS = ['acer campestre', 'quercus robur', 'tilia cordata', 'fagus sylvatica', 'betula pendula'] as const;
/** Mostly JPEG, as on the web. */
const EXTENSIONS = ['jpg', 'jpg', 'jpg', 'jpg', 'png', 'webp', 'gif'] as const;

/** A manifest in JSON lines: url, caption, label, licence. Hosts are mixed; the same lines on every call. */
export function demoManifest(hosts: readonly DemoHost[]): string {
  const rows = hosts.flatMap(({ name, rows }) => Array.from({ length: rows }, (_, index) => demoRow(name, index)));
  const mixed = rows.map((row) => ({ row, order: hashText(row.url, 0) })).sort((a, b) => a.order - b.order);
  return mixed.map(({ row }) => `${JSON.stringify(row)}\n`).join('');
}

function demoRow(host: string, index: number): { url: string; caption: string; label: string; licence: string } {
  const label = LABELS[index % LABELS.length] as string;
  const extension = EXTENSIONS[index % EXTENSIONS.length] as string;
  return {
    url: `http://${host}/trees/${label.replace(' ', '-')}/${index}.${extension}`,
    caption: `“${label}”, tree no. ${index} of ${host}`,
    label,
    licence: 'CC0-1.0',
  };
}
