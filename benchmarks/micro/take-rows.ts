/** What it takes to gather rows into a unit's batch: rows in stretches, and rows picked here and there. */
import { utf8Column } from '../../src/arrow/columns.ts';
import { takeRows } from '../../src/arrow/take.ts';
import { manifestBatch } from '../../test/support/manifests.ts';
import type { MicroTask } from './micro-task.ts';

const ROWS = 50_000;
const TAKEN = 2000;

export function takeRowsTasks(): MicroTask[] {
  const urls = Array.from({ length: ROWS }, (_, row) => `https://photos.example.org/photos/${row}/medium.jpg`);
  const captions = utf8Column(urls.map((_, row) => `a photo of ${row.toString(36)}`));
  const batch = manifestBatch(urls, 0, [['caption', captions]]);
  const task = (name: string, rowAt: (index: number) => number): MicroTask => {
    const picks = {
      batches: new Int32Array(TAKEN),
      rows: Int32Array.from({ length: TAKEN }, (_, index) => rowAt(index)),
    };
    return { name, items: TAKEN, run: () => void takeRows([batch], picks) };
  };
  return [
    task('one stretch', (index) => index),
    task('stretches of 20', (index) => Math.floor(index / 20) * 400 + (index % 20)),
    task('every row by itself', (index) => (index * 7919) % ROWS),
  ];
}
