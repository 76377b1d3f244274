/**
 * `npm run soak`, for the night: whatever draws at random, longer and from new seeds, and every failure counts. Names of
 * test files run those alone: `npm run soak -- test/integration/nats/chaos.test.ts`.
 */
import { runThrough } from './run-step.ts';
import { findTestTools } from './test-tools.ts';

const FILES = [
  'test/unit',
  'test/scenarios/paarc/random-hosts.test.ts',
  'test/integration/nats/chaos.test.ts',
  'test/e2e/crash.test.ts',
  'test/e2e/power-cut.test.ts',
  'test/e2e/store-kills.test.ts',
  'test/e2e/store-memory.test.ts',
  'test/e2e/store-outage.test.ts',
  'test/fuzz',
  'test/e2e/node-releases.test.ts',
];

process.env.FLOW_DC_SOAK = '1';
// A hundred jobs over several processes whose workers, submitter, server and network die: every row once in each.
process.env.FLOW_DC_CHAOS_RUNS ??= '100';
process.env.FAULT_RUNS ??= '400';
process.env.FLOW_DC_FUZZ_SECONDS ??= '600';
const named = process.argv.slice(2);
for (const line of await findTestTools()) process.stdout.write(`${line}\n`);
process.exitCode = await runThrough('vitest', ['run', ...(named.length > 0 ? named : FILES)]);
