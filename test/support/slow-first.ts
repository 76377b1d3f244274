/** The order of test files: the longest first, so that no worker is left alone with one of them at the end. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take ten seconds and more, longest first; two that wait for a minute not beside each other. */
const SLOW = [
  'fuzz/fuzz.test.ts',
  'scenarios/paarc/hosts.test.ts',
  'integration/nats/chaos.test.ts',
  'integration/fetch/long-tail.test.ts',
  'integration/shared-hosts.test.ts',
  'integration/partition/partition-manifest.test.ts',
  'integration/nats/server-traps.test.ts',
  'loaders/loaders.test.ts',
  'e2e/cluster-outage.test.ts',
  'e2e/interrupt.test.ts',
  'e2e/cluster-chaos.test.ts',
  'e2e/threads.test.ts',
  'e2e/store-faults.test.ts',
  'e2e/upload-gateway.test.ts',
  'e2e/node-releases.test.ts',
  'e2e/upload-tools.test.ts',
  'e2e/cluster.test.ts',
  'e2e/store-cluster.test.ts',
  'e2e/store-outage.test.ts',
  'e2e/repair.test.ts',
  'e2e/store-job.test.ts',
  'e2e/repair-keeps.test.ts',
  'e2e/cluster-threads.test.ts',
  'e2e/cluster-own-server.test.ts',
  'e2e/stdout.test.ts',
  'e2e/store-real.test.ts',
  'e2e/power-cut.test.ts',
  'e2e/crash.test.ts',
  'e2e/cluster-real.test.ts',
  'e2e/deadly-rows.test.ts',
  'e2e/store-crash.test.ts',
  'e2e/store-kills.test.ts',
  'e2e/store-memory.test.ts',
  'e2e/store-loaders.test.ts',
  'e2e/pipes.test.ts',
  'e2e/signals.test.ts',
  'e2e/open-files.test.ts',
  'e2e/full-disk.test.ts',
  'e2e/hostile-text.test.ts',
  'e2e/walkthrough.test.ts',
  'e2e/report.test.ts',
];

export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const index = SLOW.findIndex((name) => moduleId.endsWith(`/test/${name}`));
      return index < 0 ? SLOW.length : index;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
