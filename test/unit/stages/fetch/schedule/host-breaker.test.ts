import { expect, it } from 'vitest';
import { HostBreaker } from '../../../../../src/stages/fetch/schedule/host-breaker.ts';

const OPTIONS = { failures: 10, spanMs: 60_000, probeMs: 60_000 };

function failing(times: readonly number[]): HostBreaker {
  const breaker = new HostBreaker(OPTIONS);
  for (const atMs of times) breaker.onFailure(atMs);
  return breaker;
}

const every = (count: number, stepMs: number): number[] => Array.from({ length: count }, (_, at) => at * stepMs);

it('a host is down after ten failures in a row over twice the time limit', () => {
  expect(failing(every(10, 7000)).admits(63_001)).toBe(false);
});

it('ten failures at once are not enough, nor nine over an hour', () => {
  expect(failing(every(10, 1)).admits(10)).toBe(true);
  expect(failing(every(9, 400_000)).admits(3_600_000)).toBe(true);
});

it('any reply starts the count afresh', () => {
  const breaker = failing(every(9, 10_000));
  breaker.onReply();
  breaker.onFailure(100_000);
  expect(breaker.admits(100_000)).toBe(true);
  expect(breaker.hasReplied).toBe(true);
});

it('one row a minute is let through while it is down, and its reply ends it', () => {
  const breaker = failing(every(10, 7000));
  expect(breaker.admits(63_000 + 59_999)).toBe(false);
  expect(breaker.admits(63_000 + 60_000)).toBe(true);
  expect(breaker.admits(63_000 + 60_001)).toBe(false);
  expect(breaker.admits(63_000 + 120_000)).toBe(true);
  breaker.onReply();
  expect(breaker.admits(63_000 + 120_001)).toBe(true);
});

it('a host that answers everything with errors is down, unless it has answered otherwise before', () => {
  const erring = new HostBreaker(OPTIONS);
  const ill = new HostBreaker(OPTIONS);
  ill.onReply();
  for (const atMs of every(10, 7000)) {
    erring.onErrorReply(atMs);
    ill.onErrorReply(atMs);
  }
  expect(erring.hasReplied).toBe(true);
  expect(erring.admits(63_001)).toBe(false);
  expect(ill.admits(63_001)).toBe(true);
});

it('a host that only says what became of its files is not down for that', () => {
  const breaker = failing(every(9, 10_000));
  breaker.onReply(false);
  breaker.onErrorReply(100_000);
  expect(breaker.admits(100_000)).toBe(true);
});
