/** Faults, applied to an honest reply. */
import { gzipSync } from 'node:zlib';
import { assertNever } from '../errors.ts';
import type { Fault } from './behaviour.ts';
import { hashText, uniform } from './random.ts';
import { type Reply, refusal, withBody } from './reply.ts';

/** One request as the faults see it. */
export interface Visit {
  readonly isHead: boolean;
  readonly scheme: 'http' | 'https';
  /** As in the Host header. */
  readonly host: string;
  /** Path and query as they came. */
  readonly path: string;
  readonly seed: number;
  /** The host's own sequence of random numbers, for faults that strike requests rather than URLs. */
  readonly draw: () => number;
}

/** Smallest 10 GB, as disk makers count. */
const ENDLESS_BYTES = 10_000_000_000;
const HTML =
  '<!doctype html>\n<html><head><title>Image unavailable</title></head><body><h1>This image is ' +
  'gone.</h1></body></html>\n';
/** Redirect targets carry how many hops led to them, so that a chain ends after `hops`. */
const HOP = /^(.*?)\/\.hop\/(\d+)(\/.*)$/;

/** Let every fault that strikes this visit change the reply, in the order of the rules. */
export function applyFaults(image: Reply, faults: readonly Fault[], visit: Visit): Reply {
  return faults.reduce(
    (current, fault, index) => (strikes(fault, index, visit) ? applyFault(current, fault, visit) : current),
    image,
  );
}

/** Path without redirect marks: the URL that a share is drawn for, so that a redirected request keeps its fate. */
export function plainPath(path: string): string {
  const match = HOP.exec(path);
  return match === null ? path : `${match[1]}${match[3]}`;
}

function strikes(fault: Fault, index: number, visit: Visit): boolean {
  const share = fault.share ?? 1;
  if (share >= 1) return true;
  if (fault.kind === 'status' && fault.per === 'request') return visit.draw() < share;
  return uniform(`${fault.kind} ${index} ${visit.host}${plainPath(visit.path)}`, visit.seed) < share;
}

function applyFault(current: Reply, fault: Fault, visit: Visit): Reply {
  switch (fault.kind) {
    case 'status':
      return refusal(fault.status, fault.retryAfterSec?.toString());
    case 'truncated':
      return { ...current, ending: 'cut' };
    case 'html':
      return withBody(current, Buffer.from(HTML), {
        'content-type': fault.contentType ?? current.headers['content-type'] ?? 'image/jpeg',
      });
    case 'robots-tag':
      return { ...current, headers: { ...current.headers, 'x-robots-tag': fault.value } };
    case 'redirect':
      return redirect(current, fault, visit);
    case 'never':
      return { ...current, ending: 'silent' };
    case 'drip':
      return { ...current, bytesPerSecond: fault.bytesPerSecond };
    case 'endless': {
      const totalBytes = fault.totalBytes ?? ENDLESS_BYTES;
      return { ...current, totalBytes, declaredBytes: fault.declared === false ? 'chunked' : totalBytes };
    }
    case 'reset-mid-body':
    case 'reset-before-headers':
      return { ...current, ending: fault.kind };
    case 'gzip':
      return withBody(current, gzipSync(current.body), { 'content-encoding': 'gzip' });
    case 'empty':
      return withBody(current, Buffer.alloc(0));
    case 'wrong-length':
      return { ...current, declaredBytes: Math.max(0, current.body.length + fault.offByBytes) };
    case 'chunked':
      return { ...current, declaredBytes: 'chunked' };
    case 'head-status':
      return visit.isHead ? refusal(fault.status) : current;
    case 'head-length':
      return visit.isHead ? { ...current, declaredBytes: headLength(current.body.length, fault.times) } : current;
    case 'no-range':
      return { ...current, isWhole: true };
    case 'validators':
      return { ...current, headers: { ...current.headers, ...validators(visit) } };
    default:
      return assertNever(fault);
  }
}

function headLength(bytes: number, times: number | 'none'): Reply['declaredBytes'] {
  return times === 'none' ? 'chunked' : Math.round(bytes * times);
}

function redirect(current: Reply, fault: Extract<Fault, { kind: 'redirect' }>, visit: Visit): Reply {
  const hopsDone = Number(HOP.exec(visit.path)?.[2] ?? 0);
  if (fault.to !== 'loop' && hopsDone >= (fault.hops ?? 1)) return current;
  const location = locationFor(fault, visit, hopsDone + 1);
  return withBody(
    { ...current, status: fault.status ?? 302 },
    Buffer.alloc(0),
    location === undefined ? {} : { location },
  );
}

function locationFor(
  { to, host }: Extract<Fault, { kind: 'redirect' }>,
  visit: Visit,
  hop: number,
): string | undefined {
  const path = plainPath(visit.path);
  switch (to) {
    case 'same-host':
      return `/.hop/${hop}${path}`;
    case 'other-host':
      return `${visit.scheme}://${host ?? 'elsewhere.test'}/.hop/${hop}${path}`;
    case 'private':
      return `http://${host ?? '10.0.0.1'}/.hop/${hop}${path}`;
    case 'loop':
      return `${visit.scheme}://${visit.host}${visit.path}`;
    case 'relative-utf8':
      // Headers go out as latin1; careless servers put raw UTF-8 there, so these are its bytes one by one.
      return Buffer.from(`./.hop/${hop}/größe-図.jpg`, 'utf8').toString('latin1');
    case 'nowhere':
      return undefined;
    default:
      return assertNever(to);
  }
}

/** Dates in 2020..2024, one per URL. */
function validators({ host, path, seed }: Visit): Record<string, string> {
  const hash = hashText(`${host}${path}`, seed);
  const modified = new Date(Date.UTC(2020, 0, 1) + (hash % (4 * 365 * 86_400)) * 1000);
  return { etag: `"${hash.toString(16)}"`, 'last-modified': modified.toUTCString() };
}
