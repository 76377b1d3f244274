import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findNode } from '../../scripts/node-binary.ts';
import { essence, outcomesOf } from '../support/dataset.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { isSoak } from '../support/seeds.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ROWS = 1200;
/** What leans on Node most: streams, sockets, threads, files, bytes. A soak runs all of them. */
const BESIDE_NODE = [
  ...['arrow', 'dataset', 'destination', 'host-budget', 'network', 'serve', 'store', 'structures', 'threads'],
  ...['stages/fetch', 'stages/sink', 'stages/distribute', 'transport'],
].map((folder) => `test/unit/${folder}`);

describe('Node 18', () => {
  const node = findNode(18);

  it.skipIf(node === undefined)('is told in one line that it is too old', async () => {
    for (const args of [['--version'], ['download', 'x.csv', '-o', 'y'], ['demo']]) {
      expect(await runCli(args, { node })).toEqual({
        code: 2,
        stdout: '',
        stderr: 'flow-dc: needs Node 20.19 or newer, and this is v18.20.8\n',
      });
    }
  });
});

describe.each([22, 24] as const)('Node %i', (release) => {
  const node = findNode(release);
  const cli = { node };

  it.skipIf(node === undefined)('runs the demo, which stores and verifies its dataset', async () => {
    const result = await runCli(['demo', '-o', join(await tempFolder(), 'demo')], cli);
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toContain('verified: 2,400 rows');
  });

  it.skipIf(node === undefined)('resumes a download that was killed, to what an undisturbed one gives', async () => {
    const folder = await tempFolder();
    const origin = await testOrigin({
      meanBytes: 3000,
      rules: [{ behaviours: [{ kind: 'latency', meanMs: 50, sigma: 0.5 }] }],
    });
    const manifest = join(folder, 'manifest.csv');
    const lines = Array.from({ length: ROWS }, (_, i) => `http://h${i % 5}.test/${i}.jpg,l${i % 7}`);
    await writeFile(manifest, ['url,label', ...lines].join('\n'));
    const settings = ['--law', 'fixed', '--per-host-concurrency', '8', '--shard-size', '100'];
    const args = (out: string): string[] => [
      ...['download', manifest, '-o', join(folder, out), '--connect-to', origin.connectTo],
      ...settings,
    ];
    expect((await runCli(args('whole'), cli)).code).toBe(0);
    const { child, done, stderr } = startCli([...args('killed'), '--open-units', '2'], cli);
    const stored = async () => (await outcomesOf(join(folder, 'killed')).catch(() => [])).length;
    await expect.poll(stored, { timeout: 60_000 }).toBeGreaterThan(0);
    child.kill('SIGKILL');
    await done;
    expect(stderr()).not.toContain('done: ');
    const resumed = await runCli(['resume', join(folder, 'killed')], cli);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(essence(await outcomesOf(join(folder, 'killed')))).toEqual(essence(await outcomesOf(join(folder, 'whole'))));
    const verified = await runCli(['verify', join(folder, 'killed'), '--input', manifest], cli);
    expect(verified).toMatchObject({ code: 0, stdout: '' });
  });

  // Half a minute of two cores for the newest one; what else differs between releases is looked at by night.
  if (release === 22 && !isSoak) return;
  it.skipIf(node === undefined)('passes the unit tests of what leans on it', async () => {
    const output = join(await tempFolder(), 'results.json');
    const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    const wanted = isSoak ? [] : BESIDE_NODE;
    const args = [vitest, 'run', '--project', 'unit', '--reporter=json', `--outputFile=${output}`, ...wanted];
    // A soak is long enough once.
    const { FLOW_DC_SOAK: _soak, FAULT_RUNS: _runs, ...env } = process.env;
    await new Promise((resolve) => execFile(node as string, args, { cwd: ROOT, env }, resolve));
    const { numPassedTests, testResults } = JSON.parse(await readFile(output, 'utf8')) as JsonResults;
    const failed = testResults.filter(({ status }) => status !== 'passed');
    const whys = ({ assertionResults }: JsonFile) => assertionResults.flatMap((test) => test.failureMessages);
    expect(failed.map((file) => [file.name, file.message, ...whys(file)])).toEqual([]);
    expect(numPassedTests).toBeGreaterThan(700);
  });
});

/** What vitest's JSON reporter writes, as far as it is looked at here. */
interface JsonResults {
  readonly numPassedTests: number;
  readonly testResults: readonly JsonFile[];
}

interface JsonFile {
  readonly name: string;
  readonly status: string;
  /** Why it could not be loaded. */
  readonly message: string;
  readonly assertionResults: readonly { readonly failureMessages: readonly string[] }[];
}
