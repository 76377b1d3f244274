/** Runs the micro benchmarks and prints what one item takes. */
import { Bench } from 'tinybench';
import { hosts } from './hosts.ts';
import { imageReader } from './image-reader.ts';
import { law } from './law.ts';
import type { MicroTask } from './micro-task.ts';
import { outcomeColumns } from './outcome-columns.ts';
import { schedulerTurn } from './scheduler-turn.ts';
import { sha256 } from './sha256.ts';
import { takeRowsTasks } from './take-rows.ts';
import { tarHeaders } from './tar-header.ts';

const FILES = {
  'tar-header': tarHeaders,
  sha256,
  hosts,
  'image-reader': imageReader,
  law,
  'outcome-columns': outcomeColumns,
  'scheduler-turn': schedulerTurn,
  'take-rows': takeRowsTasks,
} satisfies Record<string, () => readonly MicroTask[]>;

export type MicroName = keyof typeof FILES;
export const MICRO_NAMES = Object.keys(FILES) as MicroName[];

/** Per task; the warm-up before it is not counted. */
const TIME_MS = 1000;
const WARMUP_MS = 300;

/** Run the files of these names, all of them without any. */
export async function runMicro(names: readonly MicroName[]): Promise<void> {
  process.stdout.write('| file | task | ns per item | p99 | +- % | items/s |\n|---|---|---|---|---|---|\n');
  for (const file of names.length > 0 ? names : MICRO_NAMES) {
    const bench = new Bench({ time: TIME_MS, warmupTime: WARMUP_MS });
    const items = new Map<string, number>();
    for (const task of FILES[file]()) {
      bench.add(task.name, task.run);
      items.set(task.name, task.items);
    }
    await bench.warmup();
    await bench.run();
    for (const { name, result } of bench.tasks) {
      if (result?.error !== undefined) throw result.error;
      if (result === undefined) continue;
      const nsOf = (ms: number): number => (ms * 1e6) / (items.get(name) as number);
      const cells = [nsOf(result.mean), nsOf(result.p99), result.rme, 1e9 / nsOf(result.mean)];
      process.stdout.write(
        `| ${file} | ${name} | ${cells.map((cell) => cell.toFixed(cell < 10 ? 2 : 0)).join(' | ')} |\n`,
      );
    }
  }
}
