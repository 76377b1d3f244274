import { expect, it } from 'vitest';
import type { UnitRow } from '../../../../src/record.ts';
import { OneByOne } from '../../../../src/stages/fetch/one-by-one.ts';

interface Task {
  readonly row: UnitRow;
}

const TASKS = Array.from({ length: 5000 }, (_, row): Task => ({ row: { row } as UnitRow }));

const NOTES = { trying: () => {}, end: () => {} };

it('rows of a suspected unit are begun one after the other', () => {
  const begun: Task[] = [];
  const rows = new OneByOne('u', TASKS, NOTES, (task) => void begun.push(task));
  rows.next();
  expect(begun).toEqual([TASKS[0]]);
  rows.ended(TASKS[7] as Task);
  expect(begun).toEqual([TASKS[0]]);
  rows.ended(TASKS[0] as Task);
  expect(begun).toEqual([TASKS[0], TASKS[1]]);
});

it('rows that end at once are no deeper in each other for being many', () => {
  let ends = 0;
  const rows: OneByOne<Task> = new OneByOne('u', TASKS, NOTES, (task) => {
    ends += 1;
    rows.ended(task);
  });
  rows.next();
  expect(ends).toBe(TASKS.length);
});
