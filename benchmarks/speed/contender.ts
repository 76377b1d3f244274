/** What takes part: a program, how it is called, and how it is judged. */
import type { Command, ProgramRun } from './measure.ts';
import { countPictures, type Stored } from './stored.ts';
import type { Scene, Workload } from './workload.ts';

export type Kind = 'floor' | 'loop' | 'flow-dc' | 'peer';

export interface Contender {
  readonly name: string;
  readonly kind: Kind;
  /** Where it can take part: not everybody can send hosts elsewhere or trust another authority. */
  readonly scenes: readonly Scene[];
  /** @param out - a path in a folder of its own; nothing is there yet */
  command(workload: Workload, out: string): Command;
  /** What it stored; for those that keep nothing, what it says it received. */
  stored(run: ProgramRun, out: string): Promise<Stored>;
  /** Where it is known: the 95th percentile of the time from a request to its headers. */
  p95HeadersMs?: ((run: ProgramRun, out: string) => Promise<number | undefined>) | undefined;
}

/** For those whose results are all below `out`. */
export const storedBelow: Contender['stored'] = (_run, out) => countPictures(out);

/** The last line of stdout, as JSON. */
export function lastJson<T>({ stdout }: ProgramRun): T {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as T;
}
