import { describe, expect, it } from 'vitest';
import type { Moment } from '../../../src/serve/watch/book-options.ts';
import { LiveBook } from '../../../src/serve/watch/live-book.ts';
import { Steering } from '../../../src/serve/watch/steering.ts';
import type { Bottleneck } from '../../../src/telemetry/channels.ts';
import { HandClock } from './hand-clock.ts';

function opened() {
  const clock = new HandClock();
  const steering = new Steering();
  const book = new LiveBook({
    ...{ kind: 'download', output: 'ds', clock, maxInFlight: 100, cores: 4 },
    controls: () => ({ refused: {}, isPaused: steering.isPaused, rules: steering.orders }),
  });
  return { clock, book, steering };
}

const MOMENT: Moment = { inFlight: 1, queued: 0, threads: 1, heldMs: 0, bodyShare: 0, hosts: [] };
const HELD: Bottleneck = {
  ...{ host: 'slow.test', heldMs: 9000, waiting: 90, inFlight: 10, requestsPerSecond: 2, limit: 4, state: 'probe-bw' },
};

describe('the state of a run', () => {
  it('is made once for all who ask within a moment', () => {
    const { book, clock } = opened();
    const first = book.state();
    expect(book.state()).toBe(first);
    clock.advance(250);
    expect(book.state()).not.toBe(first);
  });

  it('has rates of the last seconds, and an end that rests on them', () => {
    const { book, clock } = opened();
    book.begin(1000, 100);
    book.look(MOMENT);
    for (let second = 0; second < 20; second += 1) {
      clock.advance(1000);
      book.settled.row('fetched', 10, 5000);
      book.look(MOMENT);
    }
    const state = book.state();
    expect(state.rows).toMatchObject({ done: 300, total: 1000, fetched: 200 });
    expect(state.rowsPerSecond).toBeCloseTo(10);
    expect(state.etaMs).toBeCloseTo(70_000, -3);
    expect(state.etaReason).toContain('700 rows');
    expect(book.history()).toHaveLength(21);
  });

  it('says that the end is up to the host that holds it', () => {
    const { book, clock } = opened();
    book.begin(200, 0);
    clock.advance(1000);
    book.settled.row('fetched', 100, 0);
    book.held(HELD);
    const { etaMs, etaReason, holding } = book.state();
    expect(etaMs).toBe(50_000);
    expect(etaReason).toContain('slow.test alone needs 50 s');
    expect(holding).toMatchObject({ by: 'host', host: 'slow.test' });
  });

  it('says that the end is up to the host whose limit lets its rows through slowest', () => {
    const { book, clock } = opened();
    book.begin(200, 0);
    const host = { inFlight: 1, limit: 4, isPaused: false };
    const hosts = [
      { ...host, host: 'slow.test', waiting: 90, allowedPerSecond: 2 },
      { ...host, host: 'free.test', waiting: 900 },
      { ...host, host: 'fast.test', waiting: 100, allowedPerSecond: 50 },
    ];
    clock.advance(1000);
    book.settled.row('fetched', 100, 0);
    book.look({ ...MOMENT, hosts });
    expect(book.state()).toMatchObject({ etaMs: 45_500, etaReason: 'slow.test alone needs 46 s: 91 rows at 2.0/s' });
  });

  it('tells apart working, paused, told to end, and ended', () => {
    const { book, clock, steering } = opened();
    const phase = (): string => {
      clock.advance(250);
      return book.state().phase;
    };
    expect(phase()).toBe('starting');
    book.begin(undefined, 0);
    expect(phase()).toBe('working');
    steering.pause(true);
    expect(phase()).toBe('paused');
    book.drain();
    expect(phase()).toBe('draining');
    book.end('Done.', 'done');
    expect(phase()).toBe('ended');
    expect(book.state()).toMatchObject({ end: 'Done.', holding: { by: 'nothing' } });
  });

  it('has nothing under way at its end, whoever was seen at work last', () => {
    const { book } = opened();
    book.begin(undefined, 0);
    book.settled.row('fetched', 7, 0);
    const worker = { name: 'w', rows: 5, bytes: 9, silentMs: 1, state: 'working', units: 2, rowsPerSecond: 3 };
    const units = { total: 2, committed: 1, open: 1, waiting: 1 };
    book.look({ ...MOMENT, units, workers: [{ ...worker, inFlight: 6, queued: 4 }] });
    book.held(HELD);
    book.end('All units are done.', 'done');
    const { workers, rows, bottleneck, ...state } = book.state();
    expect(workers).toMatchObject([{ state: 'gone', units: 0, inFlight: 0, queued: 0, rowsPerSecond: 0, rows: 5 }]);
    expect([state.units.open, state.units.waiting, rows.total, bottleneck]).toEqual([0, 0, 7, undefined]);
  });

  it('keeps samples of URLs without their secrets, and few of them', () => {
    const { book } = opened();
    for (let i = 0; i < 50; i += 1) {
      book.settled.codes.add('http_404', 1);
      book.settled.codes.sample('http_404', `https://user:pw@a.test/\u202e${i}.jpg?signature=abc`);
    }
    const [code] = book.state().codes;
    expect(code).toMatchObject({ code: 'http_404', rows: 50, isTransient: false });
    expect(code?.samples[0]).toBe('https://a.test/\\u202e49.jpg');
    expect(code?.samples.length).toBeLessThanOrEqual(5);
    expect(JSON.stringify(book.state())).not.toMatch(/signature|pw/);
  });

  it('keeps its bounds over a day: points, notices and codes', () => {
    const { book, clock } = opened();
    for (let second = 0; second < 86_400; second += 1) {
      clock.advance(1000);
      book.look(MOMENT);
      book.note(`notice ${second}`);
      book.settled.codes.add(`http_${second}`, 1);
    }
    expect(book.history().length).toBeLessThanOrEqual(720);
    expect(book.history().at(-1)?.elapsedMs).toBeGreaterThan(86_000_000);
    expect(book.state().notices).toHaveLength(20);
    expect(book.state().codes.length).toBeLessThanOrEqual(101);
    // However far apart its points are by now.
    book.short('too few open files');
    clock.advance(1000);
    expect(book.state().holding.words).toContain('too few open files');
    clock.advance(10_000);
    expect(book.state().holding.words).not.toContain('too few open files');
  });
});

describe('what was said of a run', () => {
  it('holds for what begins later', () => {
    const { steering } = opened();
    const told: unknown[] = [];
    steering.pause(true);
    steering.setHost({ host: 'a.test', skip: true });
    steering.setHost({ host: 'b.test', cMax: 2 });
    steering.setHost({ host: 'b.test' });
    steering.attach({
      mostAtOnce: 9,
      pause: (isPaused) => told.push(isPaused),
      setHost: ({ host }) => told.push(host),
    });
    expect(told).toEqual(['a.test', true]);
  });

  it('has a bound', () => {
    const { steering } = opened();
    for (let i = 0; i < 1000; i += 1) steering.setHost({ host: `h${i}`, skip: true });
    expect(() => steering.setHost({ host: 'more', skip: true })).toThrow(RangeError);
    expect(() => steering.setHost({ host: 'h1', cMax: 3 })).not.toThrow();
  });
});
