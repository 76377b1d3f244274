import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowsByPart } from '../../../src/arrow/picks.ts';
import { placeByGroup, placeInRuns } from '../../../src/split/place-rows.ts';
import { FilePlan } from '../../../src/split/plan-files.ts';

const counts = fc.array(fc.oneof(fc.nat(20), fc.nat(2000)), { minLength: 1, maxLength: 60 });
const files = fc.integer({ min: 1, max: 30 });

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);

/** Files by group. */
function filesOf({ fileOf, splits }: FilePlan, group: number): number[] {
  const file = fileOf[group] as number;
  return file >= 0 ? [file] : (splits[-1 - file] ?? []).map((piece) => piece.file);
}

describe('FilePlan', () => {
  it('gives every row a file, and leaves no file empty when there are as many rows as files', () => {
    fc.assert(
      fc.property(counts, files, (rows, n) => {
        fc.pre(sum(rows) >= n);
        const plan = new FilePlan(rows, { files: n, keepWhole: false });
        expect(sum(plan.rows)).toBe(sum(rows));
        expect(Math.min(...plan.rows)).toBeGreaterThan(0);
        plan.splits.forEach((pieces, i) => {
          expect(sum(pieces.map((piece) => piece.rows))).toBe(rows[plan.fileOf.indexOf(-1 - i)]);
        });
      }),
    );
  });

  it('splits only what is above its fair share, and nothing with keepWhole', () => {
    fc.assert(
      fc.property(counts, files, fc.boolean(), (rows, n, keepWhole) => {
        const plan = new FilePlan(rows, { files: n, keepWhole });
        rows.forEach((count, group) => {
          if (keepWhole || count <= sum(rows) / n) expect(filesOf(plan, group)).toHaveLength(1);
        });
      }),
    );
  });

  it('never fills a file beyond its fair share by more than the largest group, or rest of a group, that was packed', () => {
    fc.assert(
      fc.property(counts, files, (rows, n) => {
        const plan = new FilePlan(rows, { files: n, keepWhole: false });
        const share = sum(rows) / n;
        const rests = plan.splits.map((pieces) => pieces.at(-1)?.rows as number);
        const largest = Math.max(0, ...rests, ...rows.filter((count) => count <= share));
        expect(Math.max(...plan.rows)).toBeLessThanOrEqual(Math.ceil(share) + largest);
      }),
    );
  });

  it('spreads one host evenly over all files', () => {
    expect([...new FilePlan([0, 10], { files: 4, keepWhole: false }).rows]).toEqual([3, 3, 2, 2]);
  });

  it('packs two hosts into three files without a gap', () => {
    expect([...new FilePlan([300, 300], { files: 3, keepWhole: false }).rows]).toEqual([200, 200, 200]);
  });

  it('puts the largest first, equal ones in order of appearance, into the least filled file', () => {
    const plan = new FilePlan([5, 7, 5, 4, 3], { files: 3, keepWhole: true });
    expect([...plan.fileOf]).toEqual([1, 0, 2, 1, 2]);
  });
});

describe('placing rows', () => {
  it('puts as many rows into each file as were planned, a split group file after file', () => {
    const plan = new FilePlan([3, 7], { files: 2, keepWhole: false });
    const place = placeByGroup(plan);
    const placed = [...place(Int32Array.of(1, 0, 1, 1, 1)), ...place(Int32Array.of(1, 1, 0, 0, 1))];
    expect(placed).toEqual([0, 1, 0, 0, 0, 0, 1, 1, 1, 1]);
    expect(() => place(Int32Array.of(1))).toThrow(expect.objectContaining({ code: 'FDC_ERR_MANIFEST_CORRUPT' }));
    expect(() => place(Int32Array.of(2))).toThrow(expect.objectContaining({ code: 'FDC_ERR_MANIFEST_CORRUPT' }));
  });

  it('cuts equal runs, the first ones a row longer', () => {
    const place = placeInRuns(8, 3);
    expect([...place(new Int32Array(5)), ...place(new Int32Array(3))]).toEqual([0, 0, 0, 1, 1, 1, 2, 2]);
    expect(() => place(new Int32Array(1))).toThrow(expect.objectContaining({ code: 'FDC_ERR_MANIFEST_CORRUPT' }));
  });

  it('gives every row once, to its file, files and rows in order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(6)), (fileOf) => {
        const parts = [...rowsByPart(Int32Array.from(fileOf), 0, 7)].map(({ part, rows }) => [part, [...rows]]);
        const files = [...new Set(fileOf)].sort((a, b) => a - b);
        expect(parts).toEqual(files.map((file) => [file, [...fileOf.keys()].filter((row) => fileOf[row] === file)]));
      }),
    );
  });
});
