/** The loops that flow-dc is measured against, and the floor among them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, runStep } from '../../scripts/run-step.ts';
import { type Contender, lastJson, storedBelow } from './contender.ts';
import type { LoopResult, LoopTask } from './loops/loop-task.ts';
import { hasManyHosts, SCENES, type Workload } from './workload.ts';

const SOURCES = join(ROOT, 'benchmarks', 'speed', 'loops');

/**
 * Compile the loops: started through a loader they would pay for it, and flow-dc would not.
 * @returns the folder; below node_modules, so that they find their packages
 */
export async function compileLoops(): Promise<string> {
  const folder = join(ROOT, 'node_modules', '.cache', `flow-dc-bench-${process.pid}`);
  const result = await runStep('tsc', ['-p', SOURCES, '--outDir', folder]);
  if (!result.ok) throw new Error(`the loops do not compile:\n${result.output}`);
  return folder;
}

/** @param folder - where compileLoops put them */
export function loops(folder: string, concurrency: number, threads: number): Contender[] {
  const loop = (
    name: string,
    program: string,
    task: Pick<LoopTask, 'store'> & { readonly threads?: number },
    given: Partial<Contender> = {},
  ): Contender => ({
    name,
    kind: 'loop',
    scenes: SCENES,
    command: ({ scene, list, connectToPort, caFile }: Workload, out: string) => {
      mkdirSync(out);
      // Where most hosts have a single row, every further connection is one too many.
      const connections = hasManyHosts(scene) ? 1 : undefined;
      const whole: LoopTask = { list, out, concurrency, threads: 1, connections, connectToPort, caFile, ...task };
      // Only fetch reads the variable; the others are told.
      const env = caFile === undefined ? undefined : { NODE_EXTRA_CA_CERTS: caFile };
      return { argv: [process.execPath, join(folder, program), JSON.stringify(whole)], env };
    },
    stored: storedBelow,
    p95HeadersMs: async (run) => lastJson<LoopResult>(run).p95HeadersMs,
    ...given,
  });
  const floor = (count: number) =>
    loop(floorName(count), 'floor.js', { store: 'write and sha256', threads: count }, { kind: 'floor' });
  const discard: Partial<Contender> = { stored: async (run) => lastJson<LoopResult>(run) };
  return [
    floor(1),
    ...(threads > 1 ? [floor(threads)] : []),
    loop('undici, discard', 'undici-loop.js', { store: 'discard' }, discard),
    loop('undici, write', 'undici-loop.js', { store: 'write' }),
    loop('undici, write and sha256', 'undici-loop.js', { store: 'write and sha256' }),
    // The fetch that Node has built in can be sent to no other address than the URL's.
    loop('fetch and p-limit, write', 'fetch-loop.js', { store: 'write' }, { scenes: ['start', 'one', 'tls'] }),
  ];
}

export function floorName(threads: number): string {
  return `floor, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
}
