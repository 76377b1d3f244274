import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { Rule } from '../../src/demo-hosts/behaviour.ts';
import { uniform } from '../../src/demo-hosts/random.ts';
import type { DemoHosts } from '../../src/demo-hosts/start-demo-hosts.ts';
import { essence, outcomesOf } from '../support/dataset.ts';
import { manyThreads, rowsByThread } from '../support/many-threads.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { isSoak, SEED } from '../support/seeds.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const ROWS = 3000;
const KILLS = isSoak ? 8 : 3;
const RULES: Rule[] = [
  { behaviours: [{ kind: 'latency', meanMs: 20, sigma: 0.5 }] },
  { host: 'gone.test', behaviours: [{ kind: 'status', status: 404, share: 0.2 }] },
  { host: 'page.test', behaviours: [{ kind: 'html', share: 0.1 }] },
];
const HOSTS = ['a.test', 'b.test', 'c.test', 'gone.test', 'page.test'];
const csv = [
  'url,label',
  ...Array.from({ length: ROWS }, (_, i) => `http://${HOSTS[i % HOSTS.length]}/p/${i}.jpg,l${i % 7}`),
].join('\n');

describe('flow-dc download', () => {
  it.for([
    ['one thread', 1],
    ['three threads', 3],
  ] as const)(
    'with %s gives the same dataset as an undisturbed one after SIGKILL at random points, and leaves no strays',
    async ([, threads]) => {
      const { folder, args } = await setUp(threads);
      const env = threads === 1 ? {} : manyThreads();
      const whole = join(folder, 'whole');
      const before = performance.now();
      const undisturbed = await runCli(args(whole), { env });
      expect(undisturbed.code, undisturbed.stderr).toBe(0);
      expect(rowsByThread(undisturbed.stderr)).toHaveLength(threads - 1);
      const runMs = performance.now() - before;

      const killed = join(folder, 'killed');
      for (let kill = 0; kill < KILLS; kill += 1) {
        const { child, done } = startCli(args(killed), { env });
        await wait(400 + uniform(`kill ${kill}`, SEED) * runMs * 0.8);
        child.kill('SIGKILL');
        await done;
      }
      expect((await runCli(['resume', killed], { env })).code).toBe(0);
      expect(essence(await outcomesOf(killed))).toEqual(essence(await outcomesOf(whole)));
      const verified = await runCli(['verify', killed]);
      expect(verified.stdout).toBe('');
      expect(verified.code).toBe(0);
    },
  );

  it('keeps what is open at SIGINT, exits 130, and a resume without arguments completes it', async () => {
    const { folder, args } = await setUp();
    const out = join(folder, 'out');
    const { child, done, stderr } = startCli([...args(out), '--open-units', '2']);
    await vi.waitFor(() => expect(stderr()).toContain('limits:'), { timeout: 60_000 });
    await wait(500);
    child.kill('SIGINT');
    const result = await done;
    expect(result.code).toBe(130);
    expect(result.stderr).toContain('flow-dc resume');
    const resumed = await runCli(['resume', out]);
    expect(resumed.code).toBe(0);
    expect((await runCli(['verify', out])).code).toBe(0);
  });

  it('stops at once at a second signal, still without strays after the resume', async () => {
    const { folder, args, origin } = await setUp();
    const out = join(folder, 'out');
    const { child, done } = startCli(args(out));
    // With units open: a run that has nothing to finish is over before the second signal.
    const asked = () => origin.stats().get('a.test')?.requests ?? 0;
    await vi.waitFor(() => expect(asked()).toBeGreaterThan(20), { timeout: 60_000 });
    child.kill('SIGTERM');
    await wait(100);
    child.kill('SIGTERM');
    expect((await done).code).toBe(143);
    expect((await runCli(['resume', out])).code).toBe(0);
    expect((await runCli(['verify', out])).stdout).toBe('');
  });

  it('does nothing when the job is finished, refuses other settings, and starts over with --overwrite', async () => {
    const { folder, args } = await setUp();
    const out = join(folder, 'out');
    expect((await runCli(args(out))).code).toBe(0);
    const again = await runCli(args(out));
    expect(again.code).toBe(0);
    expect(again.stderr).toContain('nothing to do');
    const other = await runCli([...args(out), '--shard-size', '100']);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('shard_size was 300, is now 100');
    expect((await runCli([...args(out), '--shard-size', '1000', '--overwrite'])).code).toBe(0);
    expect((await runCli(['verify', out])).code).toBe(0);
  });
});

async function setUp(threads = 1): Promise<{ folder: string; args: (out: string) => string[]; origin: DemoHosts }> {
  const folder = await tempFolder();
  const origin = await testOrigin({ rules: RULES, meanBytes: 4000 });
  const manifest = join(folder, 'manifest.csv');
  await writeFile(manifest, csv);
  // Fixed limits: how fast a law warms up must not decide how far a run gets before it is killed.
  const args = (out: string): string[] => [
    'download',
    manifest,
    '-o',
    out,
    '--shard-size',
    '300',
    '--connect-to',
    origin.connectTo,
    '--law',
    'fixed',
    '--per-host-concurrency',
    '16',
    '--threads',
    `${threads}`,
    // A thread is started when units wait, and a run of a second or two must have some left.
    ...(threads === 1 ? [] : ['--open-units', '2', '--shard-size', '100']),
  ];
  return { folder, args, origin };
}
