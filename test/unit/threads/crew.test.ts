import { describe, expect, it } from 'vitest';
import { Crew, type CrewPace } from '../../../src/threads/crew.ts';
import type { CrewThread } from '../../../src/threads/crew-thread.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

interface Machine {
  readonly cores?: number;
  readonly usedByOthers?: number;
  readonly pace?: Partial<CrewPace>;
}

/** A machine with some cores, of which others use some, and a crew on it whose threads are as busy as told. */
function setUp({ cores = 8, usedByOthers = 0, pace = {} }: Machine = {}) {
  const clock = new VirtualClock();
  const load = { busy: 1, usedByOthers, unitsWaiting: 100, tellsIdle: true };
  let idleMs = 1;
  let lookedMs = 0;
  const started: number[] = [];
  const crew: Crew = new Crew({
    most: 7,
    start: (number) => {
      started.push(clock.nowMs());
      return { number, units: 1, spareUnits: 0, isStarved: false, silentMs: 0, utilization: () => load.busy } as never;
    },
    onCount: () => {},
    onNotice: () => {},
    unitsWaiting: () => load.unitsWaiting,
    here: { isStarved: false, spareUnits: 0, passOn: () => {} },
    clock,
    drain: new AbortController().signal,
    stop: new AbortController().signal,
    pace: { silentMs: Number.POSITIVE_INFINITY, ...pace },
    meter: {
      utilization: () => load.busy,
      idleMs: () => {
        const running = (1 + crew.threads.length) * load.busy;
        idleMs += Math.max(0, cores - load.usedByOthers - running) * (clock.nowMs() - lookedMs);
        lookedMs = clock.nowMs();
        return load.tellsIdle ? idleMs : undefined;
      },
    },
  });
  return { clock, crew, load, started, threads: (): readonly CrewThread[] => crew.threads };
}

describe('threads that nobody has asked for', () => {
  it('are started when all have been busy for two seconds while cores were idle, as many again each time', async () => {
    const { clock, threads } = setUp();
    await clock.advance(1900);
    expect(threads()).toHaveLength(0);
    await clock.advance(300);
    expect(threads()).toHaveLength(1);
    await clock.advance(2200);
    expect(threads()).toHaveLength(3);
    await clock.advance(2200);
    expect(threads()).toHaveLength(7);
    await clock.advance(60_000);
    expect(threads()).toHaveLength(7);
  });

  it('are as many as there are idle cores, and none for less than most of one', async () => {
    const { clock, load, threads } = setUp({ cores: 4, usedByOthers: 1.2 });
    await clock.advance(2200);
    expect(threads()).toHaveLength(1);
    await clock.advance(2200);
    expect(threads()).toHaveLength(2);
    await clock.advance(60_000);
    expect(threads()).toHaveLength(2);
    load.usedByOthers = 0.3;
    await clock.advance(4500);
    expect(threads()).toHaveLength(3);
  });

  it('are none beside a server that takes the other one of two cores', async () => {
    const { clock, threads } = setUp({ cores: 2, usedByOthers: 0.5 });
    await clock.advance(600_000);
    expect(threads()).toHaveLength(0);
  });

  it('are none while a thread has time left, or no units wait', async () => {
    const { clock, load, threads } = setUp();
    load.busy = 0.8;
    await clock.advance(60_000);
    load.busy = 1;
    load.unitsWaiting = 1;
    await clock.advance(60_000);
    expect(threads()).toHaveLength(0);
    load.unitsWaiting = 2;
    await clock.advance(1500);
    load.busy = 0;
    await clock.advance(150);
    load.busy = 1;
    await clock.advance(1500);
    expect(threads()).toHaveLength(0);
    await clock.advance(600);
    expect(threads()).toHaveLength(1);
  });

  it('are started one by one where the machine does not say what is idle', async () => {
    const { clock, load, threads } = setUp();
    load.tellsIdle = false;
    await clock.advance(2200);
    expect(threads()).toHaveLength(1);
    await clock.advance(2200);
    expect(threads()).toHaveLength(2);
  });
});

describe('threads that were asked for', () => {
  it('are started at once when there are units for them, however busy the machine is', async () => {
    const { clock, load, started, threads } = setUp({ cores: 1, usedByOthers: 1, pace: { busyLooks: 0 } });
    load.busy = 0.1;
    await clock.advance(150);
    expect(threads()).toHaveLength(7);
    expect(new Set(started)).toEqual(new Set([150]));
  });
});
