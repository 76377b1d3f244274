import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { testFaultProxy } from '../support/fault-proxy.ts';
import { runCli } from '../support/run-cli.ts';
import { testS3Gateway } from '../support/s3-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const MIB = 1 << 20;

it('a store that takes less than the network brings holds the fetch, and is named by the run and by report', async () => {
  const gateway = await testS3Gateway('s3rver');
  const proxy = await testFaultProxy(() => gateway.port);
  proxy.add({ fault: { kind: 'slow', bytesPerSecond: 24 * MIB }, when: ({ part }) => part > 0 });
  const origin = await testOrigin({ meanBytes: 100_000, sigma: 0 });
  const manifest = join(await tempFolder(), 'm.txt');
  await writeFile(manifest, Array.from({ length: 4000 }, (_, i) => `http://h${i % 20}.test/${i}.jpg`).join('\n'));
  const env = gateway.env(proxy.url);
  const args = ['download', manifest, '-o', 's3://bucket/set', '--connect-to', origin.connectTo, '--shard-size', '400'];
  const { code, stderr } = await runCli(args, { env });
  expect(code, stderr).toBe(0);
  const held =
    /^held: [\d.]+ % of the time nothing was sent: the store s3:\/\/bucket\/set is slower than the network$/m;
  expect(stderr).toMatch(held);
  const report = await runCli(['report', 's3://bucket/set', '--json'], { env });
  expect(JSON.parse(report.stdout).rates.heldShare, report.stderr).toBeGreaterThan(0.1);
});
