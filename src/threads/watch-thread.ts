/** A thread that does nothing but look whether the one it watches still comes round; when not, it ends the process. */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { systemClock } from '../clock.ts';
import { PoisonNotes } from '../job/poison-notes.ts';
import { RowPulse } from '../structures/row-pulse.ts';

export interface WatchData {
  readonly pulse: SharedArrayBuffer;
  readonly poisonFolder: string;
  readonly lookMs: number;
  readonly stuckMs: number;
}

/** In looks and not by the clock: a process that was stopped and goes on gets its time. */
function watch({ pulse: buffer, poisonFolder, lookMs, stuckMs }: WatchData): void {
  const pulse = new RowPulse(buffer);
  let [beats, stillMs] = [pulse.beats, 0];
  const look = (): void => {
    const now = pulse.beats;
    stillMs = now === beats ? stillMs + lookMs : 0;
    beats = now;
    if (stillMs >= stuckMs) end(pulse.row, poisonFolder, stuckMs);
    systemClock.timer(lookMs, look);
  };
  systemClock.timer(lookMs, look);
}

/** Nothing in this process can be trusted to run any more, so nothing of it is asked to. */
function end(row: number | undefined, poisonFolder: string, stuckMs: number): void {
  let noted = '';
  if (row !== undefined) {
    const isNoted = new PoisonNotes(poisonFolder).add(row);
    noted = ` on the bytes of row ${row}, which ${isNoted ? 'is left alone from now on' : 'could not be noted'}`;
  }
  writeSync(
    2,
    `flow-dc: stood still for ${stuckMs / 1000} s${noted}; this process ends itself, run it again to go on\n`,
  );
  process.kill(process.pid, 'SIGKILL');
}

watch(workerData as WatchData);
