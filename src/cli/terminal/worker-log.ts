/** The lines on stderr by which a worker says what it does, one per event. */
import { systemClock } from '../../clock.ts';
import type { ServeEvent } from '../../cluster/serve-jobs.ts';
import { byteSize, count, duration } from '../../format.ts';
import { subscribe } from '../../telemetry/channels.ts';
import { noteHosts } from './host-lines.ts';
import { type CliOutput, writeLines } from './process.ts';
import { noteServer } from './run-lines.ts';

export interface WorkerLog {
  say(text: string): void;
  event(event: ServeEvent): void;
  close(): void;
}

/** @param also - told the same, without the time */
export function openWorkerLog(stderr: CliOutput, also: (text: string) => void = () => {}): WorkerLog {
  const say = (text: string): void => {
    writeLines(stderr, [`${new Date(systemClock.wallMs()).toISOString()} ${text}`]);
    also(text);
  };
  const opened = new Map<string, number>();
  const ends = [
    noteServer(say),
    noteHosts(say),
    subscribe('flow-dc:unit-open', ({ unit, rows, attempt }) => {
      opened.set(unit, systemClock.nowMs());
      say(`unit ${unit}: ${count(rows)} rows${attempt > 1 ? `, delivery ${attempt}` : ''}`);
    }),
    subscribe('flow-dc:unit-committed', ({ record: { unit, rows, stored, bytes, errors } }) => {
      const sinceMs = opened.get(unit);
      opened.delete(unit);
      const codes = Object.entries(errors).map(([code, number]) => `${count(number)} ${code}`);
      const time = sinceMs === undefined ? '' : ` in ${duration(systemClock.nowMs() - sinceMs)}`;
      const rest = codes.length === 0 ? '' : `; not fetched: ${codes.join(', ')}`;
      say(`unit ${unit}: committed, ${count(stored)} of ${count(rows)} rows fetched, ${byteSize(bytes)}${time}${rest}`);
    }),
    subscribe('flow-dc:shortage', ({ message }) => say(`${message}; fewer downloads at once until there is`)),
    subscribe('flow-dc:network', ({ isHeld }) =>
      say(
        isHeld
          ? 'no host can be resolved or connected to: holding all rows until the network answers'
          : 'the network answers again',
      ),
    ),
  ];
  return {
    say,
    event: (event) => say(textOf(event)),
    close() {
      for (const end of ends) end();
    },
  };
}

function textOf(event: ServeEvent): string {
  switch (event.kind) {
    case 'waiting':
      return event.job === undefined ? 'waiting for a job' : `waiting for job ${event.job}`;
    case 'joined':
      return `job ${event.job}: joined, writing to ${event.out}`;
    case 'left': {
      const back =
        event.end.givenBack === 0
          ? ''
          : `, ${count(event.end.givenBack)} unfinished ${event.end.givenBack === 1 ? 'unit' : 'units'} handed back`;
      if (event.end.reason === 'drained') return `job ${event.job}: left${back}`;
      return `job ${event.job}: ${event.cancelled ? 'was cancelled' : 'nothing left to do'}${back}`;
    }
    case 'refused':
      return `job ${event.job}: kept away from it: ${event.error.message} (${event.error.code})`;
    case 'notice':
      return `job ${event.job}: ${event.notice}`;
    case 'idle':
      return 'no work within the idle timeout: leaving';
    case 'last':
      return 'the server was of this job alone: leaving';
  }
}
