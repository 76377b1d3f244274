import { appendFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { uniform } from '../../src/demo-hosts/random.ts';
import type { DemoHosts } from '../../src/demo-hosts/start-demo-hosts.ts';
import { essence, outcomesOf } from '../support/dataset.ts';
import { manyThreads } from '../support/many-threads.ts';
import { type CliResult, runCli, startCli } from '../support/run-cli.ts';
import { SEED } from '../support/seeds.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const ROWS = 1200;
/** Some rows fail for good: they are kept as well. */
const HOSTS = ['a.test', 'b.test', 'gone.test'];
const AT_ONCE = 12;
/** For a run that nobody disturbs. */
const QUICK = ['--per-host-concurrency', '100'];
const csv = [
  'url,label,caption',
  ...Array.from({ length: ROWS }, (_, i) => `http://${HOSTS[i % 3]}/p/${i}.jpg,l${i % 4},caption ${i}`),
].join('\n');

async function setUp(flags: readonly string[]) {
  const rules = [
    { behaviours: [{ kind: 'latency' as const, meanMs: 60 }] },
    { host: 'gone.test', behaviours: [{ kind: 'status' as const, status: 404, share: 0.3 }] },
  ];
  const origin = await testOrigin({ rules, meanBytes: 6000 });
  const folder = await tempFolder();
  await writeFile(join(folder, 'm.csv'), csv);
  const shape = ['--shard-size', '100', '--open-units', '6', '--connect-to', origin.connectTo];
  const pace = ['--law', 'fixed', '--per-host-concurrency', String(AT_ONCE / 3)];
  const args = (out: string): string[] => ['download', join(folder, 'm.csv'), '-o', out, ...shape, ...pace, ...flags];
  return { origin, folder, out: join(folder, 'out'), args };
}

function asked(origin: DemoHosts): number {
  return HOSTS.reduce((sum, host) => sum + (origin.stats().get(host)?.requests ?? 0), 0);
}

/** Start, interrupt once so many requests have come, and see it end within seconds. */
async function interrupted(args: string[], origin: DemoHosts, requests: number, env = {}): Promise<CliResult> {
  const before = asked(origin);
  const run = startCli(args, { env });
  await vi.waitFor(() => expect(asked(origin) - before).toBeGreaterThan(requests), { timeout: 60_000, interval: 10 });
  run.child.kill('SIGINT');
  const startedMs = performance.now();
  const result = await run.done;
  expect(performance.now() - startedMs).toBeLessThan(12_000);
  return result;
}

function ending(files: readonly string[], end: string): string {
  return files.find((name) => name.endsWith(end)) as string;
}

describe('Ctrl-C', () => {
  it.for<[string, string[], Record<string, string>]>([
    ['webdataset shards', [], {}],
    ['compressed shards without hashes', ['--compress-tar', '--no-hash'], {}],
    ['an imagefolder in shards', ['--label', 'label'], {}],
    ['loose files', ['--label', 'label', '--no-create-tar'], {}],
    ['three threads', ['--threads', '3'], manyThreads()],
  ])(
    'ends a download of %s within seconds and keeps what was fetched, which no resume asks for again',
    async ([, flags, env]) => {
      const { origin, out, args } = await setUp(flags);
      const first = await interrupted(args(out), origin, 400, env);
      expect(first.code, first.stderr).toBe(130);
      expect(first.stderr).toMatch(/kept: \d+ more rows of \d+ open shards?, .*; they are not fetched again/);
      const second = await interrupted(['resume', out], origin, 300, env);
      expect(second.code, second.stderr).toBe(130);
      expect(second.stderr).toMatch(/kept: \d+ rows of \d+ open shards? are not fetched again/);
      const last = await runCli(['resume', out, ...QUICK], { env });
      expect(last.code, last.stderr).toBe(0);
      // What was in flight at an interruption may be asked for again, and nothing else is.
      expect(asked(origin)).toBeLessThanOrEqual(ROWS + 2 * AT_ONCE * (flags.includes('3') ? 3 : 1));
      expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });

      const whole = `${out}-whole`;
      expect((await runCli([...args(whole), ...QUICK])).code).toBe(0);
      const state = flags.includes('--no-create-tar') ? '.flow-dc' : '';
      expect(essence(await outcomesOf(`${out}${state}`))).toEqual(essence(await outcomesOf(`${whole}${state}`)));
      const files = await readdir(state === '' ? join(out, '.flow-dc') : `${out}${state}`);
      expect(files).not.toContain('kept');
    },
  );

  it('and a kill at any moment after it leave a dataset that a resume completes, every row once', async () => {
    const { origin, out, args } = await setUp([]);
    for (let kill = 0; kill < 6; kill += 1) {
      const before = asked(origin);
      const run = startCli(kill === 0 ? args(out) : ['resume', out]);
      await vi.waitFor(() => expect(asked(origin) - before).toBeGreaterThan(60), { timeout: 60_000, interval: 5 });
      run.child.kill('SIGINT');
      await wait(uniform(`kill ${kill}`, SEED) * 250);
      run.child.kill('SIGKILL');
      await run.done;
    }
    const last = await runCli(['resume', out, ...QUICK]);
    expect(last.code, last.stderr).toBe(0);
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
    const whole = `${out}-whole`;
    expect((await runCli([...args(whole), ...QUICK])).code).toBe(0);
    expect(essence(await outcomesOf(out))).toEqual(essence(await outcomesOf(whole)));
  });

  it.for<[string, (kept: string, files: readonly string[]) => Promise<void>]>([
    ['samples', (kept, files) => writeFile(join(kept, ending(files, '.tar')), 'no archive')],
    ['table', (kept, files) => appendFile(join(kept, ending(files, '.parquet')), 'x')],
    ['description', (kept) => writeFile(join(kept, 'kept.json'), '{}')],
  ])('keeps a saving and no fact: a unit whose %s were damaged is fetched again', async ([, harm]) => {
    const { origin, out, args } = await setUp([]);
    await interrupted(args(out), origin, 250);
    const kept = join(out, '.flow-dc', 'kept');
    const [unit = ''] = await readdir(kept);
    await harm(join(kept, unit), await readdir(join(kept, unit)));
    const last = await runCli(['resume', out, ...QUICK]);
    expect(last.code, last.stderr).toBe(0);
    expect(asked(origin)).toBeGreaterThan(ROWS);
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
  });

  it('does not wait for hosts that hang', async () => {
    const origin = await testOrigin({ rules: [{ behaviours: [{ kind: 'never' }] }] });
    const folder = await tempFolder();
    await writeFile(join(folder, 'm.csv'), csv);
    const out = join(folder, 'out');
    const args = ['download', join(folder, 'm.csv'), '-o', out, '--connect-to', origin.connectTo];
    const run = startCli(args);
    await vi.waitFor(() => expect(origin.stats().get('a.test')?.requests ?? 0).toBeGreaterThan(0), { timeout: 60_000 });
    const startedMs = performance.now();
    run.child.kill('SIGINT');
    expect((await run.done).code).toBe(130);
    expect(performance.now() - startedMs).toBeLessThan(12_000);
  });
});
