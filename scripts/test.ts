/** What `npm test` runs: all checks, then all tests. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './run-step.ts';
import { findTestTools } from './test-tools.ts';

/**
 * `npm test`: the checks with their clean build, the tools that tests use, then every test. Arguments go to vitest
 * (`npm test -- --project unit`). The last line on stdout is `N passed, N failed[, N skipped]` in every case.
 */
async function test(args: readonly string[]): Promise<number> {
  if ((await run('tsx', ['scripts/check.ts'])) !== 0) {
    process.stdout.write('0 passed, 1 failed\n');
    return 1;
  }
  for (const line of await findTestTools()) process.stdout.write(`${line}\n`);
  return run('vitest', ['run', ...args]);
}

/** Run a tool of ours with our own stdout; resolves its exit code, 1 when a signal ended it. */
function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(ROOT, 'node_modules', '.bin', command), args, { cwd: ROOT, stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

process.exitCode = await test(process.argv.slice(2));
