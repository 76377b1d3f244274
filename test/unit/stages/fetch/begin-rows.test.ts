import { describe, expect, it } from 'vitest';
import { RemovedUrls, removedHash, rowName } from '../../../../src/job/removed-urls.ts';
import type { UnitRow } from '../../../../src/record.ts';
import { beginRows } from '../../../../src/stages/fetch/begin-rows.ts';
import type { RowEnd } from '../../../../src/stages/fetch/row-end.ts';
import type { RowTask, UnitWork } from '../../../../src/stages/fetch/unit-work.ts';

it('URLs that were removed from a dataset are not asked for as those of other rows', () => {
  const removed = new RemovedUrls([removedHash('http://b.test/1')]);
  const row = { row: 0, url: 'http://a.test/0', label: 'l' } as UnitRow;
  const tasks = [
    { url: row.url, row, mirrors: ['http://b.test/1', 'http://c.test/2'] },
    { url: row.url, row },
  ];
  const asked: (readonly string[] | undefined)[] = [];
  const avoided = { poison: undefined, removed: () => removed, needsLabel: false };
  const work = { open: { id: 'u' } } as UnitWork;
  beginRows(work, tasks as unknown as RowTask[], false, avoided, ({ mirrors }) => asked.push(mirrors));
  expect(asked).toEqual([['http://c.test/2'], undefined]);
});

describe('a row that a later time took again', () => {
  it('ends in a unit that is done again as it had ended then, though it was removed since or has no label', () => {
    const ends: RowEnd[] = [];
    const rows = [{ ended: 'failed http_503' }, { ended: 'skipped no_label' }, {}];
    const tasks = rows.map((row, at) => ({
      url: `http://a.test/${at}`,
      row: { row: at, url: `http://a.test/${at}`, label: null, ...row } as UnitRow,
      end: (end: RowEnd) => void ends.push(end),
    })) as unknown as RowTask[];
    const removed = new RemovedUrls([0, 2].map((row) => removedHash(rowName(row))));
    const work = { open: { id: 'u' } } as UnitWork;
    beginRows(work, tasks, false, { poison: undefined, removed: () => removed, needsLabel: true }, () => {});
    expect(ends.map(({ status, code }) => `${status} ${code}`)).toEqual([
      'failed http_503',
      'skipped no_label',
      'skipped removed',
    ]);
  });
});
