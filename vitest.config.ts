import { defineConfig } from 'vitest/config';
import { SlowFirst } from './test/support/slow-first.ts';

/** Later groups start when earlier ones are done: timing tests must not compete with the rest for two cores. */
const GROUP = { pure: 0, servers: 1, processes: 2, timing: 3 } as const;

/** What a host is owed is measured in seconds: nothing runs beside it. */
const TIMING = ['test/e2e/politeness.test.ts'];

/** One for all files; the reporter prints it, and test/support/seeds.ts says who draws from it. */
process.env.FLOW_DC_SEED ??= String(Date.now() % 1_000_000);

const processes = {
  globalSetup: ['./test/support/built-package.ts'],
  testTimeout: 300_000,
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    passWithNoTests: false,
    sequence: { sequencer: SlowFirst },
    // Far longer than any of it takes: a busy machine fails nobody.
    expect: { poll: { timeout: 30_000 } },
    setupFiles: ['./test/support/property-seed.ts'],
    reporters: [['default', { summary: false }], './test/support/reporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/house/**/*.test.ts', 'test/types/**/*.test.ts'],
          testTimeout: 60_000,
          // Nothing but memory is shared, and loading the sources once per worker halves the time.
          isolate: false,
          sequence: { groupOrder: GROUP.pure },
        },
      },
      {
        extends: true,
        test: {
          name: 'scenarios',
          include: ['test/scenarios/**/*.test.ts'],
          testTimeout: 180_000,
          sequence: { groupOrder: GROUP.pure },
        },
      },
      {
        extends: true,
        test: {
          // In processes of their own, beside tests that no load can fail.
          name: 'fuzz',
          include: ['test/fuzz/**/*.test.ts'],
          testTimeout: 120_000,
          sequence: { groupOrder: GROUP.pure },
        },
      },
      {
        extends: true,
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          testTimeout: 120_000,
          sequence: { groupOrder: GROUP.servers },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: GROUP.servers },
        },
      },
      {
        extends: true,
        test: {
          // Python beside Python: what others read our datasets with.
          name: 'loaders',
          include: ['test/loaders/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          sequence: { groupOrder: GROUP.servers },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: TIMING,
          // They wait for latencies, leases and each other's processes for more than a third of their time.
          maxWorkers: 3,
          ...processes,
          sequence: { groupOrder: GROUP.processes },
        },
      },
      {
        extends: true,
        test: {
          name: 'timing',
          include: TIMING,
          ...processes,
          sequence: { groupOrder: GROUP.timing },
        },
      },
    ],
  },
});
