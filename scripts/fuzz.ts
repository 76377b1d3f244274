/** `npm run fuzz`: mutated input for the real code, for as long as one likes. */
import { parseArgs } from 'node:util';
import { startTarget } from '../test/fuzz/start-target.ts';
import { isTarget, TARGETS, type TargetName } from '../test/fuzz/target.ts';

const USAGE = `usage: npm run fuzz -- ${TARGETS.join('|')} [--seconds N] [--seed S]; without a name all of them\n`;

/** One target after the other. @returns whether nothing failed */
async function fuzz(names: readonly TargetName[], seconds: number, seed: number): Promise<boolean> {
  let ok = true;
  for (const name of names) {
    process.stdout.write(`${name}: ${seconds} s, seed ${seed}\n`);
    const result = await startTarget(name, seconds, seed, (text) => process.stdout.write(text));
    ok &&= result.ok;
  }
  return ok;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const names = positionals.length === 0 ? TARGETS : positionals.filter(isTarget);
if (!(seconds > 0) || !Number.isSafeInteger(seed) || names.length < positionals.length) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else process.exitCode = (await fuzz(names, seconds, seed)) ? 0 : 1;
