import { describe, expect, it } from 'vitest';
import { guardDisks } from '../../../src/run/disk-guard.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const MB = 1_000_000;

function guarding(free: Record<string, number>, reserveBytes = 100 * MB, isAsked = false) {
  const clock = new VirtualClock();
  const [pauses, said]: [boolean[], string[]] = [[], []];
  const state = { isEnding: false };
  const end = guardDisks({
    folders: Object.keys(free),
    reserveBytes,
    isAsked,
    clock,
    isEnding: () => state.isEnding,
    pause: (isPaused) => pauses.push(isPaused),
    say: (line) => said.push(line),
    freeBytes: async (folder) => free[folder],
  });
  return { clock, pauses, said, state, end };
}

describe('a disk that fills up', () => {
  it('holds the run before it is full, on whichever disk that is, and lets it go on when there is room', async () => {
    const free = { '/out': 900 * MB, '/spill': 900 * MB };
    const { clock, pauses, said } = guarding(free);
    await clock.advance(10_000);
    expect(pauses).toEqual([]);
    free['/spill'] = 90 * MB;
    await clock.advance(2_000);
    expect(pauses).toEqual([true]);
    expect(said[0]).toMatch(/^only 90\.0 MB are free at \/spill \(disk_reserve 100 MB\)/);
    free['/spill'] = 120 * MB;
    await clock.advance(10_000);
    expect(pauses).toEqual([true]);
    free['/spill'] = 200 * MB;
    await clock.advance(2_000);
    expect(pauses).toEqual([true, false]);
    expect(said[1]).toBe('200 MB are free at /spill again: going on');
  });

  it('that was small from the start is used to its end, and none is guarded without a reserve', async () => {
    const small = guarding({ '/out': 150 * MB });
    const free = { '/out': 900 * MB };
    const off = guarding(free, 0);
    await small.clock.advance(4_000);
    free['/out'] = 0;
    await off.clock.advance(4_000);
    expect([small.pauses, off.pauses, off.clock.pending]).toEqual([[], [], 0]);
  });

  it('that was small from the start is guarded all the same where somebody asked for it', async () => {
    const { clock, pauses, said } = guarding({ '/out': 150 * MB }, 10_000 * MB, true);
    await clock.advance(4_000);
    expect(pauses).toEqual([true]);
    expect(said).toEqual([expect.stringContaining('only 150 MB are free at /out (disk_reserve 10.0 GB)')]);
  });

  it('does not hold what is being ended, and is not looked at afterwards', async () => {
    const free = { '/out': 900 * MB };
    const { clock, pauses, state, end } = guarding(free);
    await clock.advance(2_000);
    state.isEnding = true;
    free['/out'] = 1;
    await clock.advance(4_000);
    end();
    await clock.advance(4_000);
    expect([pauses, clock.pending]).toEqual([[], 0]);
  });
});
