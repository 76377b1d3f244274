/** The hosts of paarc.ts, and the laws that meet them. */
import type { Behaviour } from '../../src/demo-hosts/behaviour.ts';

export interface Scenario {
  readonly name: string;
  readonly words: string;
  readonly behaviours: readonly Behaviour[];
  /** What a client that knows the host would get in so many seconds, in replies of 200. */
  readonly most: (seconds: number) => number;
}

/** 640 replies a second: what two cores can serve and fetch at the same time. */
const SLOTS: Behaviour = { kind: 'slots', slots: 64, serviceMs: 100 };
const LATENCY: Behaviour = { kind: 'latency', meanMs: 50 };
const BUCKET_PER_SECOND = 100;
const OUTAGE = { startMs: 8_000, endMs: 13_000 } as const;

export const scenarios: readonly Scenario[] = [
  {
    name: 'slots',
    words: '64 requests at a time, 100 ms each; others queue',
    behaviours: [SLOTS],
    most: (seconds) => 640 * seconds,
  },
  {
    name: 'bucket, Retry-After',
    words: 'latency 50 ms, 100 requests/s and a burst of 100, then 429 with Retry-After (whole seconds)',
    behaviours: [LATENCY, { kind: 'rate-limit', requestsPerSecond: BUCKET_PER_SECOND }],
    most: (seconds) => BUCKET_PER_SECOND * (seconds + 1),
  },
  {
    name: 'bucket',
    words: 'the same without Retry-After',
    behaviours: [LATENCY, { kind: 'rate-limit', requestsPerSecond: BUCKET_PER_SECOND, retryAfter: 'none' }],
    most: (seconds) => BUCKET_PER_SECOND * (seconds + 1),
  },
  {
    name: 'connection cap',
    words: 'latency 100 ms, 50 connections; further ones are reset at their first request',
    behaviours: [
      { kind: 'connection-cap', connections: 50 },
      { kind: 'latency', meanMs: 100 },
    ],
    most: (seconds) => 500 * seconds,
  },
  {
    name: 'link',
    words: 'latency 50 ms, and all replies share a link of 4 MB/s: 400 of them a second',
    behaviours: [LATENCY, { kind: 'link', bytesPerSecond: 4_000_000 }],
    most: (seconds) => 400 * seconds,
  },
  {
    name: '1 % random 503',
    words: 'as "slots", and one reply in a hundred is a 503',
    behaviours: [SLOTS, { kind: 'status', status: 503, share: 0.01, per: 'request' }],
    most: (seconds) => 0.99 * 640 * seconds,
  },
  {
    name: 'outage',
    words:
      'as "slots", and nothing but 503 from 8 s to 13 s after the host came up (about half a second before the first request)',
    behaviours: [{ kind: 'outage', ...OUTAGE }, SLOTS],
    most: (seconds) => 640 * (seconds - (OUTAGE.endMs - OUTAGE.startMs) / 1000),
  },
];

export const laws: Readonly<Record<string, readonly string[]>> = {
  paarc: ['--law', 'paarc'],
  original: ['--law', 'original'],
  'fixed 8': ['--law', 'fixed', '--per-host-concurrency', '8'],
  'fixed 64': ['--law', 'fixed', '--per-host-concurrency', '64'],
  'fixed 256': ['--law', 'fixed', '--per-host-concurrency', '256'],
};
