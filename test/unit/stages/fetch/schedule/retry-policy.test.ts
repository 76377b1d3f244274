import { describe, expect, it } from 'vitest';
import type { RowCode } from '../../../../../src/row-codes.ts';
import {
  decideRetry,
  type FailedTry,
  MAX_DEFERRALS,
  type TryState,
} from '../../../../../src/stages/fetch/schedule/retry-policy.ts';

const OPTIONS = { maxAttempts: 3, retryBackoffMs: 2000, maxRetryAfterMs: 3_600_000 };
const MIDDLE = 0.5;

function decide(input: Partial<TryState & FailedTry> & { code: RowCode }, random = MIDDLE) {
  const all = { errors: 0, deferrals: 0, pausedMs: 0, deferred: false, ...input };
  return decideRetry(all, all, OPTIONS, random);
}

describe('an error', () => {
  it('is tried three times in all, each time after twice the pause', () => {
    expect(decide({ code: 'reset', errors: 0 })).toEqual({ kind: 'retry', delayMs: 2000, counts: 'error' });
    expect(decide({ code: 'reset', errors: 1 })).toEqual({ kind: 'retry', delayMs: 4000, counts: 'error' });
    expect(decide({ code: 'reset', errors: 2 })).toEqual({ kind: 'give-up' });
  });

  it('comes back at times that are spread by half to either side', () => {
    expect(decide({ code: 'http_500' }, 0)).toMatchObject({ delayMs: 1000 });
    expect(decide({ code: 'http_500' }, 0.999)).toMatchObject({ delayMs: expect.closeTo(3000, -1) });
  });

  it.each([
    'http_404',
    'http_403',
    'http_410',
    'invalid_url',
    'address_refused',
    'dns_not_found',
    'too_large',
    'not_media',
    'robots_tag',
    'tls_error',
  ] as const)('that will not go away is not tried again: %s', (code) =>
    expect(decide({ code })).toEqual({ kind: 'give-up' }),
  );

  it('that may have been cut on its way is tried once more', () => {
    expect(decide({ code: 'not_whole' })).toMatchObject({ kind: 'retry' });
    expect(decide({ code: 'not_whole', errors: 1 })).toEqual({ kind: 'give-up' });
  });

  it('never waits longer than a minute and a half', () => {
    const decision = decideRetry(
      { errors: 50, deferrals: 0, pausedMs: 0 },
      { code: 'reset', deferred: false },
      { ...OPTIONS, maxAttempts: 100 },
      0.999,
    );
    expect(decision).toMatchObject({ delayMs: expect.closeTo(90_000, -3) });
  });
});

describe('a host that puts a row off', () => {
  it('with Retry-After is asked again when its pause ends: the gate waits, not the row', () => {
    expect(decide({ code: 'http_429', deferred: true, retryAfterMs: 30_000 })).toEqual({
      kind: 'retry',
      delayMs: 0,
      counts: 'deferral',
    });
  });

  it('costs the row no attempt, twenty times', () => {
    expect(decide({ code: 'http_429', deferred: true, errors: 2, deferrals: MAX_DEFERRALS - 2 })).toMatchObject({
      counts: 'deferral',
    });
    expect(decide({ code: 'http_429', deferred: true, deferrals: MAX_DEFERRALS - 1 })).toEqual({ kind: 'give-up' });
  });

  it('is asked no more for a row that would have to pause for more than an hour in all', () => {
    const asked = { code: 'http_503', deferred: true, retryAfterMs: 1_800_000 } as const;
    expect(decide({ ...asked, pausedMs: 1_800_000 })).toMatchObject({ kind: 'retry' });
    expect(decide({ ...asked, pausedMs: 1_800_001 })).toEqual({ kind: 'give-up' });
    expect(decide({ ...asked, retryAfterMs: Number.POSITIVE_INFINITY })).toEqual({ kind: 'give-up' });
  });

  it.each([undefined, 0])('waits no longer without a usable Retry-After (%s) than with one', (retryAfterMs) => {
    const after = retryAfterMs === undefined ? {} : { retryAfterMs };
    const put = { code: 'http_429', deferred: true, deferrals: 1, ...after } as const;
    expect(decide({ ...put, pausedMs: 3_596_000 })).toMatchObject({ kind: 'retry' });
    expect(decide({ ...put, pausedMs: 3_596_001 })).toEqual({ kind: 'give-up' });
  });

  it.each([undefined, 0])('without a usable Retry-After (%s) is left alone for a growing while', (retryAfterMs) => {
    const after = retryAfterMs === undefined ? {} : { retryAfterMs };
    expect(decide({ code: 'http_429', deferred: true, deferrals: 3, ...after })).toEqual({
      kind: 'retry',
      delayMs: 16_000,
      counts: 'deferral',
    });
  });
});
