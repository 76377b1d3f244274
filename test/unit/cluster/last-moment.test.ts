import { describe, expect, it } from 'vitest';
import { lastMoment } from '../../../src/cluster/last-moment.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('a worker that was told to stop', () => {
  it('has ended after drain_sec, whatever does not answer it', async () => {
    const clock = new VirtualClock();
    const drain = new AbortController();
    const last = lastMoment(drain.signal, 5000, clock);
    const ending = last.within(new Promise<string>(() => {}));
    await clock.advance(60_000);
    drain.abort();
    await clock.advance(4999);
    expect(last.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(last.signal.aborted).toBe(true);
    expect(await ending).toBeUndefined();
  });

  it('ends as its work does when that comes first, and keeps no timer', async () => {
    const clock = new VirtualClock();
    const drain = new AbortController();
    const last = lastMoment(drain.signal, 5000, clock);
    drain.abort();
    expect(await last.within(Promise.resolve('done'))).toBe('done');
    last.release();
    await clock.advance(10_000);
    expect(last.signal.aborted).toBe(false);
  });
});
