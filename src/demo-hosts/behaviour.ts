/** What hosts can do to a downloader: every kind of behaviour, and rules checked and made ready for matching. */

/**
 * One thing that a host does to a downloader. Gates decide when a request is answered, and whether at all; faults
 * change the reply; a link is how wide the way out is. `share` is the share of URLs that a fault strikes (default 1),
 * the same URLs in every run.
 */
export type Behaviour = Gate | Fault | SharedLink;

/** All replies of the host together leave at this rate. */
export interface SharedLink {
  readonly kind: 'link';
  readonly bytesPerSecond: number;
}

export type Gate =
  /** Wait before answering; lognormal around `meanMs` when `sigma` is set. */
  | { readonly kind: 'latency'; readonly meanMs: number; readonly sigma?: number }
  /** Token bucket; 429 when empty. `retryAfter` default `seconds`; `retryAfterSec` overrides the bucket's own wait. */
  | {
      readonly kind: 'rate-limit';
      readonly requestsPerSecond: number;
      readonly burst?: number;
      readonly retryAfter?: 'seconds' | 'date' | 'none';
      readonly retryAfterSec?: number;
    }
  /**
   * So many requests are served at a time, each for `serviceMs`; others queue, and get 503 when `queue` wait already.
   */
  | {
      readonly kind: 'slots';
      readonly slots: number;
      readonly serviceMs: number;
      readonly sigma?: number;
      readonly queue?: number;
    }
  /** So many connections; requests on further ones are reset (default) or get 503. */
  | { readonly kind: 'connection-cap'; readonly connections: number; readonly over?: 'reset' | '503' }
  /** 503 in [startMs, endMs) after the server's start, and again every `everyMs` if set. */
  | {
      readonly kind: 'outage';
      readonly startMs: number;
      readonly endMs: number;
      readonly everyMs?: number;
      readonly retryAfterSec?: number;
    };

interface Shared {
  readonly share?: number;
}

export type Fault = Shared &
  (
    | /** An error status; `per: request` draws anew for every request, so that a retry may succeed. */
    {
        readonly kind: 'status';
        readonly status: number;
        readonly per?: 'request' | 'url';
        readonly retryAfterSec?: number;
      }
    /** Content-Length of the whole body, half of it sent, connection closed. */
    | { readonly kind: 'truncated' }
    /** A page with status 200 in place of the image; `contentType` default is the image's own. */
    | { readonly kind: 'html'; readonly contentType?: string }
    | { readonly kind: 'robots-tag'; readonly value: string }
    /** `hops` (default 1) redirects before the image. `host` names the other host, or the private address. */
    | {
        readonly kind: 'redirect';
        readonly to: RedirectTarget;
        readonly host?: string;
        readonly status?: number;
        readonly hops?: number;
      }
    /** Accepts the request and stays silent. */
    | { readonly kind: 'never' }
    | { readonly kind: 'drip'; readonly bytesPerSecond: number }
    /** An image that goes on; `declared: false` leaves out the Content-Length. Default 10 GB. */
    | { readonly kind: 'endless'; readonly totalBytes?: number; readonly declared?: boolean }
    | { readonly kind: 'reset-mid-body' }
    | { readonly kind: 'reset-before-headers' }
    | { readonly kind: 'gzip' }
    | { readonly kind: 'empty' }
    /** Content-Length off by so many bytes; the whole body is sent, the connection stays open. */
    | { readonly kind: 'wrong-length'; readonly offByBytes: number }
    /** No Content-Length. */
    | { readonly kind: 'chunked' }
    /** HEAD is answered with an error; GET is not. */
    | { readonly kind: 'head-status'; readonly status: number }
    /** HEAD tells a Content-Length that is so many times the truth, or none. */
    | { readonly kind: 'head-length'; readonly times: number | 'none' }
    /** Range is ignored: the whole body in any case. */
    | { readonly kind: 'no-range' }
    /** ETag and Last-Modified. */
    | { readonly kind: 'validators' }
  );

export type RedirectTarget = 'same-host' | 'other-host' | 'private' | 'loop' | 'relative-utf8' | 'nowhere';

/** Behaviours for the hosts and paths that match; `*` matches any run of characters, an absent pattern everything. */
export interface Rule {
  readonly host?: string;
  /** Matched against path and query. */
  readonly path?: string;
  readonly behaviours: readonly Behaviour[];
}

/** What each kind is; a rule that names another one is refused. */
const KINDS: Readonly<Record<Gate['kind'], 'gate'> & Record<Fault['kind'], 'fault'> & Record<'link', 'link'>> = {
  latency: 'gate',
  'rate-limit': 'gate',
  slots: 'gate',
  'connection-cap': 'gate',
  outage: 'gate',
  link: 'link',
  status: 'fault',
  truncated: 'fault',
  html: 'fault',
  'robots-tag': 'fault',
  redirect: 'fault',
  never: 'fault',
  drip: 'fault',
  endless: 'fault',
  'reset-mid-body': 'fault',
  'reset-before-headers': 'fault',
  gzip: 'fault',
  empty: 'fault',
  'wrong-length': 'fault',
  chunked: 'fault',
  'head-status': 'fault',
  'head-length': 'fault',
  'no-range': 'fault',
  validators: 'fault',
};

/** A rule made ready for matching, its behaviours parted. */
export interface CompiledRule {
  readonly host: RegExp;
  readonly path: RegExp | undefined;
  readonly gates: readonly Gate[];
  readonly faults: readonly Fault[];
  readonly link: SharedLink | undefined;
}

/** Errors: TypeError that names the rule and what is wrong with it. */
export function compileRules(rules: readonly Rule[]): CompiledRule[] {
  return rules.map((rule, index) => {
    if (!Array.isArray(rule.behaviours))
      throw new TypeError(`rules[${index}].behaviours: expected a list, got ${JSON.stringify(rule)}`);
    const behaviours: readonly Behaviour[] = rule.behaviours;
    const unknown = behaviours.find(({ kind }) => !Object.hasOwn(KINDS, kind));
    if (unknown !== undefined)
      throw new TypeError(
        `rules[${index}]: unknown kind "${unknown.kind}"; expected one of ${Object.keys(KINDS).join(', ')}`,
      );
    return {
      host: globToRegExp(rule.host ?? '*'),
      path: rule.path === undefined ? undefined : globToRegExp(rule.path),
      gates: behaviours.filter((one): one is Gate => KINDS[one.kind] === 'gate'),
      faults: behaviours.filter((one): one is Fault => KINDS[one.kind] === 'fault'),
      link: behaviours.find((one) => one.kind === 'link'),
    };
  });
}

/** `*` stands for any run of characters, everything else for itself; case is ignored. */
function globToRegExp(glob: string): RegExp {
  const parts = glob.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'i');
}
