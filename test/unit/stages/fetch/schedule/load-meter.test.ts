import { expect, it } from 'vitest';
import { LoadMeter } from '../../../../../src/stages/fetch/schedule/load-meter.ts';
import { VirtualClock } from '../../../../support/virtual-clock.ts';

it('says which share of the last second something of ours held requests back', async () => {
  const clock = new VirtualClock();
  const meter = new LoadMeter(clock);
  meter.waiting(true);
  await clock.advance(250);
  meter.waiting(false);
  await clock.advance(750);
  expect(meter.read().clientLimited).toBeCloseTo(0.25);
});

it('counts overlapping waits once', async () => {
  const clock = new VirtualClock();
  const meter = new LoadMeter(clock);
  meter.waiting(true);
  await clock.advance(200);
  meter.waiting(true);
  await clock.advance(200);
  meter.waiting(false);
  await clock.advance(200);
  meter.waiting(false);
  await clock.advance(400);
  expect(meter.read().clientLimited).toBeCloseTo(0.6);
});

it('a wait that goes on counts in every second', async () => {
  const clock = new VirtualClock();
  const meter = new LoadMeter(clock);
  meter.waiting(true);
  for (let second = 0; second < 3; second += 1) {
    await clock.advance(1000);
    expect(meter.read().clientLimited).toBe(1);
  }
  meter.waiting(false);
  await clock.advance(1000);
  expect(meter.read().clientLimited).toBe(0);
});

it('between two seconds the last whole one stands', async () => {
  const clock = new VirtualClock();
  const meter = new LoadMeter(clock);
  await clock.advance(1000);
  expect(meter.read().clientLimited).toBe(0);
  meter.waiting(true);
  await clock.advance(500);
  expect(meter.read().clientLimited).toBe(0);
  expect(meter.read().eventLoopUtilization).toBeGreaterThanOrEqual(0);
});
