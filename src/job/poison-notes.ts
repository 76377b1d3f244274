/**
 * Rows that ended a process or a thread, noted where every worker of the job sees it.
 *
 *   poison/row-17          row 17 did it; it is never tried again
 *   poison/try-UNIT        holds the row of a suspected unit that is being tried; whoever finds it knows who may have
 *   poison/once-17         row 17 was being tried when its worker ended, which may have had other reasons; twice is proof
 *
 * Synchronous, because the next moment may be the last one. A note that cannot be written or read protects nobody, and
 * does no other harm.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UnitId } from '../record.ts';

const NONE: ReadonlySet<number> = new Set();

export class PoisonNotes {
  readonly #folder: string;
  #isMade = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A row ended whoever looked at it. @returns false when that could not be noted */
  add(row: number): boolean {
    return this.#write(`row-${row}`, '');
  }

  /** A row may have ended whoever looked at it, or that one ended for other reasons: it is left alone the second time. */
  blame(row: number): void {
    if (existsSync(join(this.#folder, `once-${row}`))) this.add(row);
    else this.#write(`once-${row}`, '');
  }

  /**
   * The rows to leave alone in a unit that is begun now: one among them that was being tried when its worker ended, for
   * the second time.
   */
  begin(unit: UnitId): ReadonlySet<number> {
    const names = this.#names();
    if (names.length === 0) return NONE;
    if (names.includes(`try-${unit}`)) {
      const row = this.#triedRow(unit);
      if (Number.isSafeInteger(row)) this.blame(row);
      this.end(unit);
    }
    const rows = this.#names().flatMap((name) => /^row-(\d+)$/.exec(name)?.[1] ?? []);
    return new Set(rows.map(Number));
  }

  /** This row of a suspected unit is next. */
  trying(unit: UnitId, row: number): void {
    this.#write(`try-${unit}`, `${row}`);
  }

  /** Whether a row of a suspected unit was being tried when its worker ended. */
  isTrying(unit: UnitId): boolean {
    return existsSync(join(this.#folder, `try-${unit}`));
  }

  /** The unit was left in good order. */
  end(unit: UnitId): void {
    try {
      rmSync(join(this.#folder, `try-${unit}`), { force: true });
    } catch {}
  }

  #triedRow(unit: UnitId): number {
    try {
      return Number.parseInt(readFileSync(join(this.#folder, `try-${unit}`), 'utf8'), 10);
    } catch {
      return Number.NaN;
    }
  }

  #write(name: string, content: string): boolean {
    try {
      if (!this.#isMade) mkdirSync(this.#folder, { recursive: true });
      this.#isMade = true;
      writeFileSync(join(this.#folder, name), content);
      return true;
    } catch {
      this.#isMade = false;
      return false;
    }
  }

  #names(): string[] {
    try {
      return readdirSync(this.#folder);
    } catch {
      return [];
    }
  }
}
