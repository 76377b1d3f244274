/** `npm test` checks, says which tools the tests have here, and runs every test. */
import { runThrough } from './run-step.ts';
import { findTestTools } from './test-tools.ts';

/**
 * `npm test`: the checks with their clean build, the tools that tests use, then every test. Arguments go to vitest
 * (`npm test -- --project unit`). The last line on stdout is `N passed, N failed[, N skipped]` in every case.
 */
async function test(args: readonly string[]): Promise<number> {
  // Meanwhile: on a fresh machine they take minutes, most of it on the network and in one compiler.
  const tools = findTestTools();
  const isRight = (await runThrough('tsx', ['scripts/check.ts'])) === 0;
  const lines = await tools;
  if (!isRight) {
    process.stdout.write('0 passed, 1 failed\n');
    return 1;
  }
  process.env.FLOW_DC_FUZZ_SECONDS ??= '8';
  for (const line of lines) process.stdout.write(`${line}\n`);
  return runThrough('vitest', ['run', ...args]);
}

process.exitCode = await test(process.argv.slice(2));
