/** How a unit's rows are begun: without those that ended a worker or lack what was asked for, and one after the other when the unit is suspected. */
import { hostOf } from '../../host/host.ts';
import type { PoisonNotes } from '../../job/poison-notes.ts';
import { OneByOne } from './one-by-one.ts';
import { type RowEnd, unsentEnd } from './row-work.ts';
import type { RowTask, UnitWork } from './unit-work.ts';

const POISON = 'whoever looked at it before stood still or died';

const NO_LABEL = 'the row has no label (require_label)';

/**
 * @param needsLabel - rows without a label are not begun
 * @param add - begins a row, which may end at once
 */
export function beginRows(
  work: UnitWork,
  tasks: readonly RowTask[],
  isSuspect: boolean,
  poison: PoisonNotes | undefined,
  needsLabel: boolean,
  add: (task: RowTask) => void,
): void {
  const poisoned = poison?.begin(work.open.id);
  const begin = (task: RowTask): void => {
    const { row, label, duplicateOf: first } = task.row;
    if (poisoned?.has(row)) task.end(unsentEnd('poison_row', POISON, hostOf(task.url), 0));
    else if (needsLabel && !label)
      task.end({ ...unsentEnd('no_label', NO_LABEL, hostOf(task.url), 0), status: 'skipped' });
    else if (first != null) task.end(duplicateEnd(first, task.url));
    else add(task);
  };
  if (poison === undefined || !isSuspect) return tasks.forEach(begin);
  work.slowly = new OneByOne(work.open.id, tasks, poison, begin);
  work.slowly.next();
}

function duplicateEnd(first: number, url: string): RowEnd {
  return { ...unsentEnd('duplicate_url', `row ${first} has the same URL`, hostOf(url), 0), status: 'skipped' };
}
