/** Why rows with a code were most likely not fetched, and what to run about it. */
import { isTransient, type NamedRowCode, ROW_CODES, type RowCode } from '../row-codes.ts';

export interface Advice {
  /** Likely cause, in words that finish a sentence. */
  readonly cause: string;
  /** A command; absent where none helps. */
  readonly next?: string | undefined;
}

/** What commands of an advice are about. */
export interface AdviceContext {
  /** As it goes onto a command line; `MANIFEST` when it is not known. */
  readonly manifest: string;
  /** The folder of a job that is not finished: a resume takes new options for the rest of its rows. */
  readonly unfinished?: string | undefined;
  /** The folder of a job that is finished: rows with the code can be fetched again into it. */
  readonly finished?: string | undefined;
  /** Rows may be objects of a store, which refuses for other reasons than a web server. */
  readonly objects?: boolean | undefined;
}

interface Hint {
  readonly cause: string;
  /** Options that change the outcome; `''` for the same ones once more, absent when nothing does. */
  readonly flags?: string;
}

const BLOCKED = 'the host refuses programs that do not say who they are, or the link needs a login';
const BUSY = 'the host was overloaded or broken at that time';

const HINTS: Readonly<Record<NamedRowCode, Hint>> = {
  bad_row: {
    cause:
      'a line of the manifest with too few or many cells, or an open quote; mend it, or download anew with a --delimiter or --quote that fits',
  },
  invalid_url: {
    cause: 'the manifest has an empty or broken value; repair it there, or name the right column (--url)',
  },
  unsupported_scheme: {
    cause: 'the manifest names files or other protocols; only http and https can be fetched, s3 and gs with --allow-s3',
  },
  address_refused: {
    cause: 'a name of your own network, or an attack; if these hosts are yours, allow them',
    flags: '--allow-private 192.168.0.0/16',
  },
  dns_not_found: {
    cause: 'the host is gone; if a browser does find it, your name server does not',
    flags: '--dns-server 1.1.1.1',
  },
  dns_error: { cause: 'your name server was overloaded or away', flags: '--dns-server 1.1.1.1' },
  connect_refused: { cause: 'nothing listens there any more, or it was being restarted', flags: '' },
  connect_timeout: { cause: 'the host is gone, or a firewall drops what you send', flags: '--timeout-sec 60' },
  connect_error: { cause: 'no way to the host from your network, IPv6-only hosts among them', flags: '' },
  proxy_error: { cause: 'the proxy does not let these through, or was away for an hour', flags: '--no-proxy HOST' },
  tls_error: {
    cause: "an expired or foreign certificate; your own authority's needs its file",
    flags: '--ca-file FILE',
  },
  reset: { cause: 'the host closed connections, often because there were too many', flags: '--per-host-concurrency 4' },
  protocol_error: { cause: 'whatever answered does not speak HTTP, or wraps its bodies in its own way', flags: '' },
  timeout_headers: { cause: 'the host took longer to answer than it was given', flags: '--timeout-sec 60' },
  timeout_body: { cause: 'large files on a slow line', flags: '--timeout-sec 120' },
  too_slow: { cause: 'the host sends more slowly than is waited for', flags: '--min-throughput 0' },
  truncated: { cause: 'the host or something in between cut the reply short', flags: '' },
  too_large: { cause: 'the files are larger than is allowed', flags: '--max-bytes 1GiB' },
  empty_body: { cause: 'the host answers with nothing, often for an image that was taken down', flags: '' },
  decode_error: { cause: 'the host compressed a reply unasked, and wrongly', flags: '' },
  not_media: {
    cause:
      'a page in place of the file: a login, a consent form, a link to a viewer; if pages are wanted, take anything',
    flags: '--expect-content any',
  },
  not_whole: {
    cause: 'the files lie there cut short or garbled; tools that train fail on such, so keep them only to look at them',
    flags: '--keep-broken',
  },
  type_not_wanted: { cause: 'images of types that you did not ask for (image_types); these rows stay out' },
  too_many_redirects: { cause: 'the host redirects in circles, mostly to set a cookie', flags: '--max-redirects 10' },
  bad_redirect: { cause: 'the host redirects to nowhere' },
  robots_tag: { cause: 'the owner opts out of such use; these rows stay out' },
  host_down: { cause: 'the host answered nothing for so long that the rest of its rows was not tried', flags: '' },
  host_banned: {
    cause: 'the host let you in and then refused everything; it may let you in another day, if you ask more slowly',
    flags: '--per-host-rate 1',
  },
  host_paused: {
    cause: 'the host asked for a longer pause than you allow; it may let you in another day',
    flags: '--max-retry-after 86400',
  },
  no_label: { cause: 'rows without a label, which you did not ask for (require_label)' },
  host_skipped: { cause: 'your configuration says so (hosts, skip)' },
  duplicate_url: { cause: 'an earlier row has the same URL and stands for these (dedupe): duplicate_of names it' },
  already_stored: { cause: 'the dataset had these rows before they were to be added (extend)' },
  unit_deadline: { cause: 'no row of a shard moved for timeout_minutes', flags: '--timeout-minutes 180' },
  local_shortage: {
    cause: 'this machine had no open file, memory or port left for an hour',
    flags: '--concurrent-downloads 100',
  },
  unknown_error: { cause: 'the HTTP library failed in a way that flow-dc does not know; worth a report', flags: '' },
  removed: { cause: 'somebody asked for that; these rows stay out' },
  replaced: { cause: 'a refresh was cut short before the new files were fetched', flags: '' },
  poison_row: { cause: 'the bytes are of a kind on which this program stood still or died; please report the URL' },
  unit_failed: { cause: 'faults on this machine: disk or memory; the log has them', flags: '--log-file run.log' },
};

/** By status; any other 4xx and 5xx has the words of its hundred. */
const STATUS_HINTS: Readonly<Record<number, Hint>> = {
  202: { cause: 'the host had the file not ready, or asks for a proof of humanity first', flags: '' },
  206: { cause: 'the host sent a part of the file though all of it was asked for', flags: '' },
  400: { cause: 'the host takes the URL for malformed; look at how the manifest escapes it' },
  401: { cause: 'the link needs a login' },
  403: { cause: BLOCKED, flags: '--contact you@example.org' },
  404: { cause: 'the file is gone; links die at about a percent a month' },
  406: { cause: BLOCKED, flags: '--contact you@example.org' },
  408: { cause: BUSY, flags: '' },
  410: { cause: 'the file was taken down for good' },
  429: {
    cause: 'the host allows fewer requests than were sent, other programs on your address among them',
    flags: '--per-host-rate 1',
  },
  451: { cause: 'the file was taken down for legal reasons' },
};

const NOT_OURS: Hint = {
  cause:
    "for rows of a store, the credentials or the bucket's policy do not allow reading (s3:GetObject), or there is no " +
    'such object and no right to list; web servers refuse programs, or the link needs a login',
  flags: '',
};
/** By code, where rows may be objects of a store. */
const OBJECT_HINTS: Readonly<Record<string, Hint>> = { http_401: NOT_OURS, http_403: NOT_OURS };

/** @param code - a name from row-codes.ts, or http_NNN; codes of later versions get none but general words */
export function adviceFor(code: string, context: AdviceContext): Advice {
  const { cause, flags } = (context.objects === true ? OBJECT_HINTS[code] : undefined) ?? hintOf(code);
  return { cause, next: flags === undefined ? undefined : `flow-dc ${commandFor(code, context)} ${flags}`.trimEnd() };
}

function commandFor(code: string, { manifest, unfinished, finished }: AdviceContext): string {
  if (unfinished !== undefined) return `resume ${unfinished}`;
  return finished === undefined ? `download ${manifest} -o NEW_FOLDER` : `retry ${finished} --only ${code}`;
}

/** What a code says, and whether a later run may bring something else. */
export function meaningOf(code: string): string {
  const text = code.startsWith('http_')
    ? `the host answered ${code.slice(5)}`
    : (ROW_CODES[code as NamedRowCode]?.text ?? code);
  return mayPass(code) ? `${text}; may succeed later` : text;
}

/** False for codes that this version does not know. */
export function mayPass(code: string): boolean {
  return (/^http_\d{3}$/.test(code) || Object.hasOwn(ROW_CODES, code)) && isTransient(code as RowCode);
}

function hintOf(code: string): Hint {
  if (Object.hasOwn(HINTS, code)) return HINTS[code as NamedRowCode];
  const status = Number(/^http_(\d{3})$/.exec(code)?.[1]);
  const hint = STATUS_HINTS[status];
  if (hint !== undefined) return hint;
  if (status >= 500) return { cause: BUSY, flags: '' };
  if (status >= 400) return { cause: 'the host does not give the file to a plain request' };
  return { cause: 'not known to this version' };
}
