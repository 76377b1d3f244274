/** The values of a bucket, once or for ever, over servers that go away. */
import type { KV } from '@nats-io/kv';
import { type Clock, sleep } from '../../../clock.ts';
import type { ServerLink } from './server-link.ts';

export interface BucketValue {
  readonly key: string;
  readonly text: string;
  readonly revision: number;
  /** When the server stored it, milliseconds since the epoch. */
  readonly atMs: number;
}

/**
 * A replay without a sign of life for this long is begun again behind what it had; one that goes on with new values,
 * where there are some.
 */
const SILENCE_MS = 10_000;
const PAUSE_MS = 250;

/**
 * The values under keys that match `filter`, oldest first, each once. Without a signal it ends with the last one there
 * is now; with one it goes on with new values until the signal aborts. Survives servers that go away in the middle.
 */
export async function* replay(
  link: ServerLink,
  bucket: KV,
  filter: string,
  live?: AbortSignal,
): AsyncIterable<BucketValue> {
  let revision = 0;
  const seen = new Set<string>();
  for (;;) {
    if (live?.aborted) return;
    const round = new Round(link.clock);
    const again = (): void => round.end('broken');
    const stopListening = link.onReconnect(again);
    const finish = (): void => round.end('done');
    live?.addEventListener('abort', finish, { once: true });
    try {
      for await (const value of readRound(link, bucket, { filter, revision, seen, live, round })) {
        revision = value.revision;
        yield value;
      }
      if (round.outcome === 'done') return;
    } finally {
      stopListening();
      live?.removeEventListener('abort', finish);
      round.end('done');
    }
    if (live?.aborted) return;
    await sleep(link.clock, PAUSE_MS);
  }
}

/** One watch, from its making until it is complete or went silent. */
class Round {
  readonly #clock: Clock;
  readonly #onEnd: (() => void)[] = [];
  #cancelTimer: (() => void) | undefined;
  outcome: 'done' | 'broken' | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  onEnd(fn: () => void): void {
    if (this.outcome === undefined) this.#onEnd.push(fn);
    else fn();
  }

  end(outcome: 'done' | 'broken'): void {
    this.#cancelTimer?.();
    if (this.outcome !== undefined) return;
    this.outcome = outcome;
    for (const fn of this.#onEnd) fn();
  }

  /** Something came: start the silence again. */
  expectMore(onSilence: () => void): void {
    this.#cancelTimer?.();
    if (this.outcome === undefined) this.#cancelTimer = this.#clock.timer(SILENCE_MS, onSilence);
  }
}

interface Reading {
  readonly filter: string;
  /** Of the last value that there was. */
  readonly revision: number;
  /** Keys that there were, of a bucket of which only some are read: these are few, and written over all the time. */
  readonly seen: Set<string>;
  readonly live: AbortSignal | undefined;
  readonly round: Round;
}

async function* readRound(link: ServerLink, bucket: KV, reading: Reading): AsyncIterable<BucketValue> {
  const { filter, revision, seen, live, round } = reading;
  const ask = { signal: live };
  // The client numbers revisions by the stream; what lies behind the last one is what is new.
  const state = (await link.ask('cannot read a bucket', () => bucket.status(), ask)).streamInfo.state;
  if (live === undefined && (state.messages === 0 || state.last_seq <= revision)) return round.end('done');
  const keys = live === undefined && filter !== '>' ? await keysOf(link, bucket, filter) : undefined;
  const missing = keys && new Set(keys.filter((key) => !seen.has(key)));
  // A watch without a match would wait for one.
  if (missing?.size === 0) return round.end('done');
  const resumeFromRevision = revision === 0 ? 0 : revision + 1;
  const changes = await link
    .ask('cannot read a bucket', () => bucket.watch({ key: filter, resumeFromRevision }), ask)
    .catch((error: unknown) => {
      if (live?.aborted) return undefined;
      throw error;
    });
  if (changes === undefined) return;
  round.onEnd(() => changes.stop());
  let known = revision;
  const look = async (): Promise<void> => {
    // A server may forget that somebody listens, and what it sends may be lost: both sound like nothing new.
    const isBehind = live === undefined || (await hasNewer(link, bucket, known, live));
    if (isBehind) round.end('broken');
    else round.expectMore(onSilence);
  };
  const onSilence = (): void => void look();
  round.expectMore(onSilence);
  for await (const entry of changes) {
    known = entry.revision;
    round.expectMore(onSilence);
    if (missing?.delete(entry.key)) seen.add(entry.key);
    // Where a value is written over meanwhile, the server's count of what is to come has too much, or lacks it: then it
    // is asked whether every key was there.
    const isLast = missing === undefined ? entry.delta === 0 || entry.revision >= state.last_seq : missing.size === 0;
    // Before it is told: whatever happens meanwhile, nothing comes behind it.
    if (live === undefined && isLast) round.end('done');
    if (entry.operation === 'PUT')
      yield { key: entry.key, text: entry.string(), revision: entry.revision, atMs: entry.created.getTime() };
    if (round.outcome !== undefined) return;
  }
}

/** Whether the bucket has something behind `revision`; a server that is away begins the round anew when it is back. */
async function hasNewer(link: ServerLink, bucket: KV, revision: number, signal: AbortSignal): Promise<boolean> {
  const asking = link.ask('cannot read a bucket', () => bucket.status(), { signal, giveUpMs: SILENCE_MS });
  return asking.then(
    ({ streamInfo }) => streamInfo.state.last_seq > revision,
    () => false,
  );
}

async function keysOf(link: ServerLink, bucket: KV, filter: string): Promise<readonly string[]> {
  const stream = (await link.ask('cannot read a bucket', () => bucket.status())).streamInfo.config.name;
  const prefix = `$KV.${stream.slice('KV_'.length)}.`;
  const subjects_filter = prefix + filter;
  const info = await link.ask('cannot read a bucket', () => link.manager.streams.info(stream, { subjects_filter }));
  return Object.keys(info.state.subjects ?? {}).map((subject) => subject.slice(prefix.length));
}
