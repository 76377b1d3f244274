/** Units that this worker has taken and not begun go to workers that have none: who comes late has work at once. */
import type { Clock } from '../clock.ts';
import type { ClusterChannel, WorkerStatus } from '../transport/cluster.ts';
import { presentWorkers } from './job-report.ts';

/** How often it is looked whether somebody has nothing, by who could give something. Chosen. */
const LOOK_MS = 2_000;
/** So long nothing is taken after something was given, or it would come back. Who waits has it within milliseconds. */
const HOLD_MS = 3_000;

export interface UnitGiver {
  readonly spareUnits: number;
  /** Hand so many of them back to the queue. */
  release(units: number): void;
}

export interface UnitTaking {
  readonly units: readonly unknown[];
  /** Take nothing for so long, except where there is nothing left to do. */
  holdFor(ms: number): void;
}

/** @returns how many of `spare` units, none of them begun, go to workers that have none */
export function unitsToGive(others: readonly WorkerStatus[], spare: number): number {
  const idle = others.filter(({ state, units }) => state === 'working' && units.length === 0).length;
  return idle === 0 ? 0 : Math.ceil((spare * idle) / (idle + 1));
}

export interface UnitSharing {
  readonly channel: Pick<ClusterChannel, 'workers'>;
  /** This one. */
  readonly worker: string;
  readonly clock: Clock;
  readonly giver: UnitGiver;
  readonly taking: UnitTaking;
}

/** @returns how to stop */
export function shareUnits({ channel, worker, clock, giver, taking }: UnitSharing): () => void {
  let isOver = false;
  let cancel = (): void => {};
  const look = async (): Promise<void> => {
    if (taking.units.length > 1 && giver.spareUnits > 0) {
      // Who may not see the others, or has no server for now, keeps what it has.
      const board = await channel.workers().catch(() => []);
      const others = presentWorkers(board, clock).filter((other) => other.worker !== worker);
      const units = isOver ? 0 : unitsToGive(others, giver.spareUnits);
      if (units > 0) {
        taking.holdFor(HOLD_MS);
        giver.release(units);
      }
    }
    if (!isOver) again();
  };
  const again = (): void => {
    cancel = clock.timer(LOOK_MS, () => void look());
  };
  again();
  return () => {
    isOver = true;
    cancel();
  };
}
