/** How a host is asked for sizes: HEAD, a byte, or the whole body. */
import type { RowResult } from '../record.ts';
import { isTransient, type RowCode } from '../row-codes.ts';

/** How a URL is asked for its size: HEAD; a GET for its first byte; a GET with the whole body. */
export type ProbeKind = 'head' | 'range' | 'whole';

/** What one URL's probes have found. */
export type ProbeOutcome =
  | { readonly kind: 'sized'; readonly bytes: number }
  /** A download would not store it either, and no later run would. */
  | { readonly kind: 'failed'; readonly code: RowCode }
  /** Its size could not be learnt; a later attempt might. */
  | { readonly kind: 'unresolved'; readonly code: RowCode };

/** What follows from one answer: the end, or another question. */
export type Verdict =
  | { readonly outcome: ProbeOutcome }
  /** `check`: what HEAD has said, to be compared. */
  | { readonly next: ProbeKind; readonly check?: number | undefined };

/** Answers to HEAD that are checked with a GET: the first ones of each host, then one in so many. Chosen. */
const FIRST_CHECKS = 2;
const CHECK_EVERY = 10;
/** Refused so often without a single useful answer, HEAD is not tried on the host any more. */
const MAX_REFUSALS = 2;

/** Failures that another method would meet as well: there was nobody to ask. */
const NOBODY_THERE: ReadonlySet<string> = new Set([
  'bad_row',
  'invalid_url',
  'unsupported_scheme',
  'address_refused',
  'dns_not_found',
  'dns_error',
  'connect_refused',
  'connect_timeout',
  'connect_error',
  'tls_error',
  'too_many_redirects',
  'bad_redirect',
  'robots_tag',
  'host_down',
  'host_skipped',
  'http_429',
]);

export interface MannersOptions {
  readonly maxBytes: number;
  readonly expectContent: 'image' | 'media' | 'any';
}

type Answer = Pick<RowResult<unknown>, 'status' | 'code' | 'bytes' | 'announced'>;

/** What one host does when it is asked for sizes, and so how to ask it next. */
export class HostManners {
  readonly #options: MannersOptions;
  #answers = 0;
  #refusals = 0;
  #useful = 0;
  #isLiar = false;

  constructor(options: MannersOptions) {
    this.#options = options;
  }

  /** How to ask for the next URL. */
  get first(): ProbeKind {
    return this.#isLiar || (this.#useful === 0 && this.#refusals >= MAX_REFUSALS) ? 'range' : 'head';
  }

  /** Whether HEAD was caught with a wrong size: what it said before counts for nothing. */
  get isLiar(): boolean {
    return this.#isLiar;
  }

  /** @param check - what HEAD has said of this URL, when the answer is to a GET that checks it */
  judge(kind: ProbeKind, answer: Answer, check?: number): Verdict {
    if (kind === 'head') return this.#judgeHead(answer);
    if (answer.status !== 'fetched') {
      const code = answer.code as RowCode;
      // HEAD has promised what GET does not give.
      if (check !== undefined && /^http_4/.test(code) && !isTransient(code)) this.#isLiar = true;
      return this.#judgeRefusal(kind, code);
    }
    if (kind === 'whole') return { outcome: { kind: 'sized', bytes: answer.bytes } };
    const bytes = this.#sizeIn(answer);
    if (check !== undefined && bytes !== undefined && bytes !== check) this.#isLiar = true;
    return bytes === undefined ? { next: 'whole' } : { outcome: this.#sized(bytes) };
  }

  #judgeHead(answer: Answer): Verdict {
    if (answer.status !== 'fetched') {
      if (NOBODY_THERE.has(answer.code as string)) return { outcome: ended(answer.code as RowCode) };
      this.#refusals += 1;
      return { next: 'range' };
    }
    const bytes = this.#sizeIn(answer);
    if (bytes === undefined) {
      this.#refusals += 1;
      return { next: 'range' };
    }
    this.#useful += 1;
    this.#answers += 1;
    const isDue = this.#answers <= FIRST_CHECKS || this.#answers % CHECK_EVERY === 0;
    return isDue || this.#isLiar ? { next: 'range', check: bytes } : { outcome: this.#sized(bytes) };
  }

  /** A file of no bytes has no first byte to ask for (416), nor one whose host knows no ranges. */
  #judgeRefusal(kind: ProbeKind, code: RowCode): Verdict {
    return kind === 'range' && (code === 'http_416' || code === 'empty_body')
      ? { next: 'whole' }
      : { outcome: ended(code) };
  }

  /** The announced size, if it can be that of the image: a page in its place is fetched, and judged by its bytes. */
  #sizeIn({ announced }: Answer): number | undefined {
    const isPage = /^(text\/|application\/(json|xml|xhtml))/.test(announced?.contentType ?? '');
    if (announced?.bytes === undefined || announced.bytes === 0) return undefined;
    return isPage && this.#options.expectContent !== 'any' ? undefined : announced.bytes;
  }

  #sized(bytes: number): ProbeOutcome {
    return bytes > this.#options.maxBytes ? { kind: 'failed', code: 'too_large' } : { kind: 'sized', bytes };
  }
}

function ended(code: RowCode): ProbeOutcome {
  return isTransient(code) ? { kind: 'unresolved', code } : { kind: 'failed', code };
}
