/** One voice for all threads of a process about the network that they share. */
import { publish } from '../telemetry/channels.ts';

export class OneNetwork {
  /** Threads that hold their rows because nothing answers them. */
  readonly #holding = new Set<number>();

  /** A thread holds its rows, or goes on; it has ended, if it says nothing more. */
  note(thread: number, isHeld: boolean): void {
    const before = this.#holding.size > 0;
    if (isHeld) this.#holding.add(thread);
    else this.#holding.delete(thread);
    const after = this.#holding.size > 0;
    if (after !== before) publish('flow-dc:network', () => ({ isHeld: after }));
  }
}
