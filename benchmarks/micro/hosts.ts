/** What it takes to read the host off a URL: in a column of bytes, and in text. */
import { utf8Column } from '../../src/arrow/columns.ts';
import { hostOf } from '../../src/host/host.ts';
import { HostCensus } from '../../src/host/host-census.ts';
import type { MicroTask } from './micro-task.ts';

const ROWS = 10_000;

export function hosts(): MicroTask[] {
  return [1, 1000].flatMap((count) => {
    const urls = Array.from(
      { length: ROWS },
      (_, row) => `https://img${row % count}.example.org/photos/${row}/medium.jpg`,
    );
    const column = utf8Column(urls);
    const census = new HostCensus();
    const named = (name: string, run: () => void): MicroTask => ({
      name: `${name}, ${count === 1 ? 'one host' : `${count} hosts`}`,
      items: ROWS,
      run,
    });
    return [
      named('column into a census', () => void census.add(column)),
      named('text, parsed', () => {
        for (const url of urls) hostOf(url);
      }),
    ];
  });
}
