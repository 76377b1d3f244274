/** What the book of a run is told: once, of what it is, and again and again, of what is seen at one moment. */
import type { Clock } from '../../clock.ts';
import type { HostLoad } from '../../stages/fetch/result-stream.ts';
import type { Controls, OwnLoad, ServedState, ServedWorker, Units } from './served-state.ts';

/** What whoever watches sees at one moment. */
export interface Moment {
  readonly inFlight: number;
  readonly queued: number;
  readonly threads: number;
  /** Time in which the output took no more, ms, since the start. */
  readonly heldMs: number;
  readonly bodyShare: number;
  /** Why nothing is sent: an `order`, or the `disk`. */
  readonly heldBy?: string | undefined;
  readonly hosts: readonly HostLoad[];
  readonly own?: OwnLoad | undefined;
  readonly workers?: readonly ServedWorker[] | undefined;
  readonly units?: Units | undefined;
  /** As workers say; without it what is counted here. */
  readonly rowsPerSecond?: number | undefined;
}

export interface BookOptions extends Pick<ServedState, 'kind' | 'output' | 'picturesRefused'> {
  readonly clock: Clock;
  readonly maxInFlight: number;
  readonly cores: number;
  readonly controls: () => Controls;
  readonly pictures?: (() => readonly number[]) | undefined;
}

export const NO_MOMENT: Moment = { inFlight: 0, queued: 0, threads: 0, heldMs: 0, bodyShare: 0, hosts: [] };
