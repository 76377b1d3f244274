/** `npm run soak`, for the night: whatever draws at random, longer and from new seeds, and every failure counts. */
import { runThrough } from './run-step.ts';
import { findTestTools } from './test-tools.ts';

const FILES = [
  'test/unit',
  'test/scenarios/paarc/random-hosts.test.ts',
  'test/integration/nats/chaos.test.ts',
  'test/e2e/crash.test.ts',
  'test/e2e/node-releases.test.ts',
];

process.env.FLOW_DC_SOAK = '1';
process.env.FLOW_DC_CHAOS_RUNS ??= '25';
process.env.FAULT_RUNS ??= '400';
for (const line of await findTestTools()) process.stdout.write(`${line}\n`);
process.exitCode = await runThrough('vitest', ['run', ...FILES]);
