/** How a unit's rows are begun: without those that are left alone, and one after the other when the unit is suspected. */
import { hostOf } from '../../host/host.ts';
import type { PoisonNotes } from '../../job/poison-notes.ts';
import type { RemovedUrls } from '../../job/removed-urls.ts';
import type { RowCode } from '../../row-codes.ts';
import { OneByOne } from './one-by-one.ts';
import { type RowEnd, unsentEnd } from './row-end.ts';
import type { RowTask, UnitWork } from './unit-work.ts';

/** Rows that nobody asks for. */
export interface AvoidedRows {
  readonly poison: PoisonNotes | undefined;
  readonly removed: (() => RemovedUrls | undefined) | undefined;
  /** Rows without a label are among them. */
  readonly needsLabel: boolean;
}

const POISON = 'whoever looked at it before stood still or died';
const REMOVED = 'it was taken out of the dataset by flow-dc remove';
const NO_LABEL = 'the row has no label (require_label)';

/** @param add - begins a row, which may end at once */
export function beginRows(
  work: UnitWork,
  tasks: readonly RowTask[],
  isSuspect: boolean,
  { poison, removed, needsLabel }: AvoidedRows,
  add: (task: RowTask) => void,
): void {
  const poisoned = poison?.begin(work.open.id);
  const gone = removed?.();
  const begin = (task: RowTask): void => {
    const { row, label, duplicateOf: first, ended } = task.row;
    // First of all: what a later time took off is how it had ended then, whatever would become of it now.
    if (ended != null) task.end(endedBefore(ended, task.url));
    else if (poisoned?.has(row)) task.end(unsentEnd('poison_row', POISON, hostOf(task.url), 0));
    else if (gone?.has(task.row) === true) task.end(unsentEnd('removed', REMOVED, hostOf(task.url), 0));
    else if (needsLabel && !label) task.end(unsentEnd('no_label', NO_LABEL, hostOf(task.url), 0));
    else if (first != null) task.end(duplicateEnd(first, task.url));
    else {
      // What was taken out of the dataset is not brought back by way of another row.
      if (gone !== undefined) task.mirrors = task.mirrors?.filter((url) => !gone.hasUrl(url));
      add(task);
    }
  };
  if (poison === undefined || !isSuspect) return tasks.forEach(begin);
  work.slowly = new OneByOne(work.open.id, tasks, poison, begin);
  work.slowly.next();
}

function duplicateEnd(first: number, url: string): RowEnd {
  return unsentEnd('duplicate_url', `row ${first} has the same URL`, hostOf(url), 0);
}

/** @param ended - status and code */
function endedBefore(ended: string, url: string): RowEnd {
  const [status, code] = ended.split(' ') as ['failed' | 'skipped', RowCode];
  return { ...unsentEnd(code, 'it was taken again since', hostOf(url), 0), status };
}
