import { expect, it, onTestFinished } from 'vitest';
import { ProgressTracker } from '../../../../src/cli/terminal/tracker.ts';
import { publish } from '../../../../src/telemetry/channels.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

it('the time that is left is that of a slow host alone, where no other rows are left', async () => {
  const clock = new VirtualClock();
  const tracker = new ProgressTracker(clock);
  onTestFinished(() => tracker.close());
  tracker.expect(1000, 0);
  for (let row = 0; row < 900; row += 1)
    publish('flow-dc:row', () => ({ host: 'fast.test', status: 'fetched', bytes: 1, code: undefined }));
  await clock.advance(9000);
  expect(tracker.snapshot().etaMs).toBeCloseTo(1000);
  const slow = {
    host: 'slow.test',
    heldMs: 9000,
    waiting: 98,
    inFlight: 2,
    requestsPerSecond: 2,
    limit: 2,
    state: 'x',
  };
  publish('flow-dc:bottleneck', () => ({ bottleneck: slow }));
  expect(tracker.snapshot().etaMs).toBe(50_000);
  publish('flow-dc:bottleneck', () => ({ bottleneck: undefined }));
  expect(tracker.snapshot().etaMs).toBeCloseTo(1000);
});
