/** Rows of a unit that an earlier run had fetched: they end as they did then, with the bytes that were kept. */
import type { RowsBack } from '../../dataset/kept-units.ts';
import type { BodyBudget } from './reply/body-memory.ts';
import { keptEnd } from './row-end.ts';
import type { RowTask, UnitWork } from './unit-work.ts';

/**
 * End every row of `kept` that is still out. Bodies are on the budget like any other, so a slow sink slows the reading.
 * @returns the rows whose bytes are not to be had any more
 */
export async function endKeptRows(work: UnitWork, kept: RowsBack, budget: BodyBudget): Promise<RowTask[]> {
  for (const [index, row] of kept.rows)
    if (row.status !== 'fetched') endRow(work, index, () => keptEnd(row, undefined));
  for await (const [index, body] of kept.bodies()) {
    const row = kept.rows.get(index);
    if (row === undefined || work.unfinished === 0) break;
    const reservedBytes = Math.min(body.byteLength, budget.capacityBytes);
    await new Promise<void>((resolve) => budget.take(reservedBytes, resolve));
    const nothing = { spilled: undefined, head: undefined, sha256: undefined, image: undefined };
    const held = { ...nothing, pieces: [body], size: body.byteLength, reservedBytes };
    if (!endRow(work, index, () => keptEnd(row, held))) budget.give(reservedBytes);
  }
  return [...kept.rows.keys()].flatMap((index) => work.tasks[index] ?? []).filter(({ isOut }) => isOut);
}

/** @returns false for a row that is out no more: its unit was taken away */
function endRow(work: UnitWork, index: number, end: () => Parameters<RowTask['end']>[0]): boolean {
  const task = work.tasks[index];
  if (task?.isOut !== true) return false;
  task.end(end());
  return true;
}
