/** What `npm run check` runs, step by step. */
import { build } from './build.ts';
import { reportStep, runStep, type StepResult } from './run-step.ts';

/** What is looked at once the build is there, cheapest first. `npm run format` repairs most of what biome finds. */
const STEPS: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['format and lint', 'biome', 'ci', '--colors=off', '--error-on-warnings', '--max-diagnostics=50', '.'],
  ['types', 'tsc', '--noEmit', '-p', '.'],
  ['dead code', 'knip', '--no-progress'],
  ['generated files', 'tsx', 'scripts/generate-config.ts', '--check'],
  ['loaders', 'tsx', 'scripts/loader-table.ts', '--check'],
  ['docs', 'tsx', 'scripts/check-docs.ts'],
  ['package', 'tsx', 'scripts/check-package.ts'],
];

/**
 * `npm run check`: a clean build, because examples and the packed package are checked as users meet them, and then
 * every step, whatever the others found: one run shows everything that is wrong.
 */
async function check(): Promise<boolean> {
  const results: StepResult[] = [await buildStep()];
  for (const [name, command, ...args] of STEPS) {
    const result = await runStep(command, args);
    reportStep(name, result);
    results.push(result);
  }
  return results.every((result) => result.ok);
}

async function buildStep(): Promise<StepResult> {
  const startMs = performance.now();
  const failure = await build().then(
    () => '',
    (error: unknown) => String(error),
  );
  const result: StepResult = { ok: failure === '', output: failure, seconds: (performance.now() - startMs) / 1000 };
  reportStep('build', result);
  return result;
}

process.exitCode = (await check()) ? 0 : 1;
