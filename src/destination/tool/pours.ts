/** Files that stream to the other side: a few at once, and none for a while after one has failed. */
import type { Artifact } from '../../record.ts';
import { PouredFile } from './poured-file.ts';
import type { Pouring, ToolCaller } from './tool-caller.ts';

/** Programs at once, besides those for whole files: each runs as long as its unit is open. */
const AT_ONCE = 4;
/** After a failure what is written goes through a local file for so long: that can be tried again. */
const SPOOL_FOR_MS = 60_000;

export class Pours {
  readonly #caller: ToolCaller;
  readonly #seen: (artifact: Artifact, md5: string) => Promise<void>;
  #running = 0;
  #spoolUntilMs = Number.NEGATIVE_INFINITY;

  /** @param seen - sees that a whole file is there */
  constructor(caller: ToolCaller, seen: (artifact: Artifact, md5: string) => Promise<void>) {
    this.#caller = caller;
    this.#seen = seen;
  }

  /** @returns undefined when the file had better be written here first */
  begin(name: string, start: () => Promise<Pouring>): PouredFile | undefined {
    if (this.#running >= AT_ONCE || this.#caller.nowMs() < this.#spoolUntilMs) return undefined;
    this.#running += 1;
    return new PouredFile(name, {
      start,
      seen: this.#seen,
      onEnd: () => {
        this.#running -= 1;
      },
      onSetback: (setback) => {
        this.#spoolUntilMs = this.#caller.nowMs() + SPOOL_FOR_MS;
        this.#caller.tell(setback, name, 'its unit is fetched again');
      },
    });
  }
}
