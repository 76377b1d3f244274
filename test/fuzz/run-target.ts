/** One fuzz target for a while, in a process of its own: `run-target.ts TARGET SECONDS SEED`. Not a test. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isTarget, loadTarget, makeFixtureFolder, type TargetName } from './target.ts';

/** More than this of one run is the same fault again. */
const MAX_SAVED = 20;

/** @returns whether nothing failed */
async function fuzz(name: TargetName, seconds: number, seed: number): Promise<boolean> {
  const folder = await makeFixtureFolder(name);
  // From the first question on: loading and setting up take longest on a busy machine.
  let startMs: number | undefined;
  let failed = 0;
  const save = (what: string, bytes: Uint8Array): string => {
    const path = join(folder, what.replaceAll(/[^\w.-]/g, '_').slice(0, 100));
    failed += 1;
    if (failed > MAX_SAVED) return path;
    writeFileSync(path, bytes);
    process.stdout.write(`${name}: failing input saved as ${path}\n`);
    return path;
  };
  const goOn = (): boolean => {
    startMs ??= performance.now();
    return performance.now() - startMs < seconds * 1000;
  };
  const { run } = await loadTarget(name);
  const { cases } = await run({ seed, goOn, save });
  const took = ((performance.now() - (startMs ?? performance.now())) / 1000).toFixed(1);
  process.stdout.write(`${name}: ${cases} cases, ${failed} failed, ${took} s, seed ${seed}\n`);
  return failed === 0 && cases > 0;
}

const [name = '', seconds, seed] = process.argv.slice(2);
if (!isTarget(name)) throw new Error(`expected a target, got ${name}`);
process.exitCode = (await fuzz(name, Number(seconds), Number(seed))) ? 0 : 1;
