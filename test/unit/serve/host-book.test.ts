import { describe, expect, it } from 'vitest';
import { HostBook, waitsFor } from '../../../src/serve/watch/host-book.ts';
import type { HostQuery } from '../../../src/serve/watch/served-state.ts';
import { toldHosts } from '../../../src/serve/watch/told-host.ts';
import type { HostLoad } from '../../../src/stages/fetch/result-stream.ts';
import { HandClock } from './hand-clock.ts';

const ALL: HostQuery = { sort: 'host', isRising: true, search: '', offset: 0, limit: 50 };

function now(host: string, more: Partial<HostLoad> = {}): HostLoad {
  return { host, inFlight: 0, limit: 4, waiting: 0, isPaused: false, ...more };
}

describe('the table of hosts', () => {
  it('counts rows, refusals and latencies of each, and shows what it does now', () => {
    const book = new HostBook(new HandClock());
    for (let ms = 90; ms <= 110; ms += 1) book.attempt('a.test', undefined, ms);
    book.attempt('a.test', 'http_429', 5);
    book.row('a.test', 'fetched', undefined, 1000);
    book.row('a.test', 'failed', 'http_404', 0);
    book.state('a.test', 'probe-bw');
    book.look([now('a.test', { inFlight: 4, waiting: 7 })]);
    const [line] = book.page(ALL).lines;
    expect(line).toMatchObject({ host: 'a.test', state: 'probe-bw', limit: 4, inFlight: 4, waiting: 7, refused: 1 });
    expect(line).toMatchObject({ fetched: 1, failed: 1, bytes: 1000, code: 'http_404', waitsFor: 'its limit' });
    expect(line?.p50Ms).toBeGreaterThan(85);
    expect(line?.p95Ms).toBeLessThan(130);
  });

  it('forgets what a host did when it has no rows any more', () => {
    const book = new HostBook(new HandClock());
    book.look([now('a.test', { inFlight: 1 })]);
    book.look([]);
    expect(book.page(ALL).lines[0]).toMatchObject({ state: 'idle', inFlight: 0, limit: undefined });
    expect([book.seen, book.busy]).toEqual([1, 0]);
  });

  it('is sorted, searched without regard to case, and shown in parts', () => {
    const book = new HostBook(new HandClock());
    for (let i = 0; i < 30; i += 1)
      for (let rows = 0; rows <= i; rows += 1) book.row(`h${i}.Test`, 'fetched', undefined, 1);
    const most = book.page({ ...ALL, sort: 'fetched', isRising: false, limit: 3 });
    expect(most.lines.map(({ fetched }) => fetched)).toEqual([30, 29, 28]);
    const next = book.page({ ...ALL, sort: 'fetched', isRising: false, offset: 3, limit: 3 });
    expect(next.lines.map(({ fetched }) => fetched)).toEqual([27, 26, 25]);
    const some = book.page({ ...ALL, search: 'H2.t' });
    expect([some.found, some.lines[0]?.host]).toEqual([1, 'h2.Test']);
  });

  it('is searched once for all who look at the same part within two seconds', () => {
    const clock = new HandClock();
    const book = new HostBook(clock);
    book.row('a.test', 'fetched', undefined, 1);
    const first = book.page(ALL);
    book.row('b.test', 'fetched', undefined, 1);
    expect(book.page({ ...ALL })).toBe(first);
    clock.advance(2000);
    expect(book.page(ALL).found).toBe(2);
  });

  it('keeps its bound: hosts beyond it are counted under one name', () => {
    const book = new HostBook(new HandClock());
    for (let i = 0; i < 262_150; i += 1) book.row(`h${i}`, 'fetched', undefined, 1);
    expect(book.seen).toBe(262_145);
    expect(book.page({ ...ALL, search: '(other' }).lines[0]).toMatchObject({ fetched: 6 });
  });

  it('tells a host that has given what it may from one that refuses', () => {
    const clock = new HandClock();
    const hosts = new HostBook(clock);
    hosts.quota('a.test', clock.wallMs() + 60_000);
    hosts.look([now('a.test', { waiting: 3, isPaused: true, pausedMs: 60_000 }), now('b.test', { isPaused: true })]);
    expect(hosts.page(ALL).lines).toMatchObject([
      { state: 'quota', waitsFor: 'its quota, 1 min 0 s more' },
      { state: 'paused' },
    ]);
  });

  it('shows hosts of a timeline and of workers alike', () => {
    const hosts = new HostBook(new HandClock());
    const told = { in_flight: 0, limit: 2, waiting: 5, rate: 0 };
    const states = ['probe-bw', 'paused', 'quota'].map((state) => ({ host: `${state}.test`, state, ...told }));
    hosts.look(toldHosts(states, hosts));
    expect(hosts.page(ALL).lines.map(({ state, waitsFor }) => [state, waitsFor])).toEqual([
      ['paused', 'its pause'],
      ['probe-bw', 'its turn'],
      ['quota', 'its quota'],
    ]);
  });

  it.each([
    ['', now('a')],
    ['answers', now('a', { inFlight: 2 })],
    ['its limit', now('a', { inFlight: 4, waiting: 1 })],
    ['it refuses for 5 s more', now('a', { waiting: 1, isPaused: true, pausedMs: 5000 })],
    ['its rate, 0.5/s', now('a', { waiting: 1, allowedPerSecond: 0.5 })],
    ['its turn', now('a', { waiting: 1 })],
  ])('says what the rows of a host wait for: %s', (words, host) => {
    expect(waitsFor(host, host.isPaused ? 'paused' : 'probe-bw')).toBe(words);
  });
});
