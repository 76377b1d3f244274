/** The promises of the law, each measured through whole runs of the built program, from start to last row. */
import type { Behaviour, Rule } from '../../src/demo-hosts/behaviour.ts';
import { type Outcome, outcomesOf } from '../../test/support/dataset.ts';
import { runAgainstHost } from './paarc-run.ts';

export interface Target {
  readonly promise: string;
  readonly value: number;
  readonly wanted: string;
  readonly isMet: boolean;
  readonly detail: string;
}

interface Where {
  readonly folder: string;
  readonly seed: number;
}

/** 640 replies a second. */
const SLOTS: Behaviour = { kind: 'slots', slots: 32, serviceMs: 50 };
const FLAKY: Behaviour = { kind: 'status', status: 503, share: 0.01, per: 'request' };
const ROWS = 60_000;
const LIMITED_PER_SECOND = 200;
const LIMITED: readonly Behaviour[] = [
  { kind: 'latency', meanMs: 50 },
  { kind: 'rate-limit', requestsPerSecond: LIMITED_PER_SECOND },
];
const LIMITED_ROWS = 5_000;
const FAST_ROWS = 4_000;
const SLOW_ROWS = 1_000;
const FAST: Rule = { host: 'fast.test', behaviours: [{ kind: 'slots', slots: 10, serviceMs: 20 }] };
const SLOW: Rule = { host: 'slow.test', behaviours: [{ kind: 'latency', meanMs: 1000 }] };

/** About 6 minutes. */
export async function measureTargets(where: Where): Promise<Target[]> {
  return [...(await randomErrors(where)), ...(await rateLimit(where)), await fastBesideSlow(where)];
}

async function randomErrors(where: Where): Promise<Target[]> {
  const steady = await fetchAll(where, [{ behaviours: [SLOTS] }], urlsOf('host.test', ROWS));
  const flaky = await fetchAll(where, [{ behaviours: [SLOTS, FLAKY] }], urlsOf('host.test', ROWS));
  const whole = perSecond(flaky.rows, 0) / perSecond(steady.rows, 0);
  const half = perSecond(flaky.rows, 0.5) / perSecond(steady.rows, 0.5);
  const detail = (from: number): string =>
    `${perSecond(flaky.rows, from).toFixed(0)} and ${perSecond(steady.rows, from).toFixed(0)} rows/s`;
  return [
    atLeast(`goodput with 1 % random 503 over that without, ${ROWS} rows`, whole, 0.95, detail(0)),
    atLeast('the same, second half of the rows', half, 0.95, detail(0.5)),
  ];
}

async function rateLimit(where: Where): Promise<Target[]> {
  const { rows, requests, refused } = await fetchAll(
    where,
    [{ behaviours: LIMITED }],
    urlsOf('host.test', LIMITED_ROWS),
  );
  const used = LIMITED_ROWS / (LIMITED_PER_SECOND * seconds(rows, 0, 1));
  const share = refused / requests;
  const lost = LIMITED_ROWS - rows.length;
  return [
    atLeast(
      `use of ${LIMITED_PER_SECOND} requests/s with Retry-After, ${LIMITED_ROWS} rows`,
      used,
      0.9,
      `${seconds(rows, 0, 1).toFixed(1)} s`,
    ),
    atMost('share of its requests that were refused', share, 0.02, `${refused} of ${requests}`),
    atMost('rows lost', lost, 0, `${rows.length} fetched`),
  ];
}

async function fastBesideSlow(where: Where): Promise<Target> {
  const fast = urlsOf('fast.test', FAST_ROWS);
  const alone = await fetchAll(where, [FAST], fast);
  const together = await fetchAll(where, [FAST, SLOW], [...fast, ...urlsOf('slow.test', SLOW_ROWS)]);
  const ends = [alone, together].map(({ rows }) => endSeconds(rows, 'fast.test')) as [number, number];
  const detail = `${ends[1].toFixed(2)} s beside ${SLOW_ROWS} rows of a 1 s host, ${ends[0].toFixed(2)} s alone`;
  return atMost(
    `time of ${FAST_ROWS} rows of a 20 ms host beside a 1 s host over that alone`,
    ends[1] / ends[0],
    1.1,
    detail,
  );
}

async function fetchAll(
  { folder, seed }: Where,
  rules: readonly Rule[],
  urls: readonly string[],
): Promise<{ rows: Outcome[]; requests: number; refused: number }> {
  const { requests, refused, out } = await runAgainstHost({ folder, seed, rules, urls, args: [] });
  return { rows: (await outcomesOf(out)).filter(({ status }) => status === 'fetched'), requests, refused };
}

export function urlsOf(host: string, rows: number): string[] {
  return Array.from({ length: rows }, (_, row) => `http://${host}/${row}.jpg`);
}

/**
 * Rows per second from this part of the rows to the last; the last twentieth waits for retries and is left out of a
 * part.
 */
function perSecond(rows: readonly Outcome[], from: number): number {
  const to = from === 0 ? 1 : 0.95;
  return ((to - from) * rows.length) / seconds(rows, from, to);
}

/** Time between two parts of the rows in the order of their ends; 0 is the first request. */
function seconds(rows: readonly Outcome[], from: number, to: number): number {
  const ends = rows.map(endMs).sort((a, b) => a - b);
  const at = (part: number): number =>
    part === 0 ? firstMs(rows) : (ends[Math.ceil(part * ends.length) - 1] as number);
  return (at(to) - at(from)) / 1000;
}

/** From the first request of a run to the end of a host's last row. */
function endSeconds(rows: readonly Outcome[], host: string): number {
  return (Math.max(...rows.filter((row) => row.host === host).map(endMs)) - firstMs(rows)) / 1000;
}

function firstMs(rows: readonly Outcome[]): number {
  return rows.reduce((least, row) => Math.min(least, endMs(row) - Number(row.total_ms)), Number.POSITIVE_INFINITY);
}

function endMs({ fetched_at }: Outcome): number {
  return Number(fetched_at);
}

function atLeast(promise: string, value: number, least: number, detail: string): Target {
  return { promise, value, wanted: `at least ${least}`, isMet: value >= least, detail };
}

function atMost(promise: string, value: number, most: number, detail: string): Target {
  return { promise, value, wanted: `at most ${most}`, isMet: value <= most, detail };
}
