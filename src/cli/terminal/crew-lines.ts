/** What who follows a job is told of its workers. */
import type { CrewEvent } from '../../cluster/crew-watch.ts';
import { counted, duration } from '../../format.ts';

/** @param join - the command by which a worker comes */
export function crewLine(event: CrewEvent, join: string): string {
  switch (event.kind) {
    case 'none':
      return `no worker has joined yet: ${join}`;
    case 'all-left':
      return `no worker is left, and the job waits for one: ${join}`;
    case 'silent': {
      const { name, silentMs, units, backMs } = event;
      const its = units === 1 ? 'its 1 unit is' : `its ${counted(units, 'unit')} are`;
      const back = units === 0 ? 'it had told of no unit' : `${its} given to others in ${duration(backMs)}`;
      return `worker ${name} is silent for ${duration(silentMs)}: ${back}`;
    }
    case 'back':
      return `worker ${event.name} is back`;
  }
}
