import { describe, expect, it } from 'vitest';
import { crewLine } from '../../../src/cli/terminal/crew-lines.ts';
import { CrewWatch } from '../../../src/cluster/crew-watch.ts';
import type { WorkerStatus } from '../../../src/transport/cluster.ts';

const JOIN = 'flow-dc worker nats://h:4222';
const WALL_MS = 1e12;

function status(name: string, atMs: number, units = 0, state: WorkerStatus['state'] = 'working'): WorkerStatus {
  const ids = Array.from({ length: units }, (_, n) => `${name}${n}`) as unknown as WorkerStatus['units'];
  const rest = { rowsDone: 0, bytes: 0, rowsPerSecond: 0, inFlight: 0, queued: 0, hosts: [] };
  return { worker: name, name, atMs: WALL_MS + atMs, state, units: ids, ...rest };
}

/** Looks once a second. @param boardAt - of a second */
function said(seconds: number, boardAt: (second: number) => WorkerStatus[]): string[] {
  const watch = new CrewWatch(30_000, 0);
  return Array.from({ length: seconds }, (_, second) => {
    const nowMs = second * 1000;
    return watch.look(boardAt(second), nowMs, WALL_MS + nowMs).map((event) => `${second}: ${crewLine(event, JOIN)}`);
  }).flat();
}

describe('who follows a job is told', () => {
  it('once, after 5 s, that no worker has joined yet, and how one does', () => {
    expect(said(60, () => [])).toEqual([`5: no worker has joined yet: ${JOIN}`]);
  });

  it('nothing while there are workers', () => {
    expect(said(60, (second) => [status('a', second * 1000, 1)])).toEqual([]);
  });

  it('that all have left, each time', () => {
    const here = (second: number): boolean => second < 10 || (second >= 30 && second < 40);
    const board = (second: number): WorkerStatus[] => [
      here(second) ? status('a', second * 1000) : status('a', second < 30 ? 9_500 : 39_500, 0, 'gone'),
    ];
    const line = `no worker is left, and the job waits for one: ${JOIN}`;
    expect(said(60, board)).toEqual([`12: ${line}`, `42: ${line}`]);
  });

  it('of a worker that was killed, with when its units come back, and of one that speaks again', () => {
    const board = (second: number): WorkerStatus[] => [
      status('a', second < 20 || second > 50 ? second * 1000 : 19_000, 3),
      status('b', second * 1000, 1),
    ];
    expect(said(60, board)).toEqual([
      '29: worker a is silent for 10 s: its 3 units are given to others in 20 s',
      '51: worker a is back',
    ]);
  });

  it('nothing of workers of another day, and of clocks that go otherwise', () => {
    const board = (second: number): WorkerStatus[] => [
      status('old', -2_000_000, 5),
      status('fast', second * 1000 + 900_000, 1),
      status('slow', second * 1000 - 900_000, 1),
    ];
    expect(said(60, board).filter((line) => !line.includes('slow is back'))).toEqual([]);
  });
});
