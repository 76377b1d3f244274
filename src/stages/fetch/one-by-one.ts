/**
 * The rows of a suspected unit: each is begun when the one before it has ended, and noted first, so that whoever comes
 * after us knows which one it was.
 */
import type { PoisonNotes } from '../../job/poison-notes.ts';
import type { UnitId, UnitRow } from '../../record.ts';

/** Who is told. */
type Notes = Pick<PoisonNotes, 'trying' | 'end'>;

export class OneByOne<Task extends { readonly row: UnitRow }> {
  readonly #unit: UnitId;
  readonly #tasks: readonly Task[];
  readonly #poison: Notes;
  readonly #begin: (task: Task) => void;
  #at = -1;
  #isBeginning = false;
  #hasEnded = false;

  constructor(unit: UnitId, tasks: readonly Task[], poison: Notes, begin: (task: Task) => void) {
    this.#unit = unit;
    this.#tasks = tasks;
    this.#poison = poison;
    this.#begin = begin;
  }

  /** A row of the unit has ended: when it is the one that was begun, it is the next one's turn. */
  ended(task: Task): void {
    if (this.#tasks[this.#at] === task) this.next();
  }

  next(): void {
    this.#hasEnded = true;
    if (this.#isBeginning) return;
    this.#isBeginning = true;
    while (this.#hasEnded && this.#at + 1 < this.#tasks.length) {
      this.#hasEnded = false;
      this.#at += 1;
      const task = this.#tasks[this.#at] as Task;
      this.#poison.trying(this.#unit, task.row.row);
      this.#begin(task);
    }
    this.#isBeginning = false;
  }

  /** The unit is left in good order. */
  leave(): void {
    this.#poison.end(this.#unit);
  }
}
