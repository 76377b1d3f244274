import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm';
import { describe, expect, it, vi } from 'vitest';
import type { DemoHosts } from '../../src/demo-hosts/start-demo-hosts.ts';
import { essence, type Outcome, outcomesOf } from '../support/dataset.ts';
import { runCli } from '../support/run-cli.ts';
import { testS3Gateway } from '../support/s3-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'dist', 'cli', 'main.js');

interface Shell {
  readonly child: ChildProcess;
  readonly done: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  stderr(): string;
}

/** Run a line of bash in `cwd`, where `flow-dc` is ours; its code is that of the last command that failed. */
function shell(line: string, cwd: string, env: Readonly<Record<string, string>> = {}): Shell {
  const PATH = `${join(cwd, 'bin')}:${process.env.PATH}`;
  const options = { cwd, env: { ...process.env, PATH, ...env }, stdio: 'pipe' } as const;
  const child = spawn('bash', ['-c', `set -o pipefail; ${line}`], options);
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    texts.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    texts.stderr += chunk.toString();
  });
  child.stdin.end();
  const done = new Promise<Awaited<Shell['done']>>((resolve) => {
    child.once('close', (code) => resolve({ code, ...texts }));
  });
  return { child, done, stderr: () => texts.stderr };
}

/** Webdatasets are read so: members of one stream, grouped while the key stays the same. */
const GROUPS = `
import collections, json, sys, tarfile
samples = []
with tarfile.open(fileobj=sys.stdin.buffer, mode='r|*') as tar:
    for member in tar:
        key, _, extension = member.name.partition('.')
        data = tar.extractfile(member).read()
        if key == '':
            continue
        if not samples or samples[-1][0] != key:
            samples.append((key, {}))
        samples[-1][1][extension] = len(data)
print(json.dumps(samples))
`;

interface SetUp {
  readonly folder: string;
  readonly origin: DemoHosts;
  /** Options of every download here. */
  readonly to: string;
}

async function setUp({ rows = 300, meanBytes = 5000, latencyMs = 0 } = {}): Promise<SetUp> {
  const folder = await tempFolder();
  await mkdir(join(folder, 'bin'));
  await script(folder, 'flow-dc', `exec "${process.execPath}" "${MAIN}" "$@"`);
  const rules = [
    { behaviours: [{ kind: 'latency', meanMs: latencyMs } as const] },
    { host: 'gone.test', behaviours: [{ kind: 'status', status: 404 } as const] },
  ];
  const origin = await testOrigin({ meanBytes, rules });
  const urls = Array.from({ length: rows }, (_, i) => `http://h${i % 5}.test/${i}.jpg`);
  const lines = [...urls, 'http://gone.test/1.jpg'].map((url, i) => `${url},caption ${i},class ${i % 3},k${i % 50}`);
  await writeFile(join(folder, 'm.csv'), `url,caption,label,key\n${lines.join('\n')}\n`);
  return { folder, origin, to: `--connect-to ${origin.connectTo} --shard-size 100` };
}

async function rowsOf(table: string): Promise<Outcome[]> {
  const parquet = readParquet(new Uint8Array(await readFile(table)));
  return [...tableFromIPC(parquet.intoIPCStream())].map((row) => row?.toJSON() as Outcome);
}

function plain(rows: readonly Outcome[]): Outcome[] {
  return rows.map((row) => ({ ...row, row: Number(row.row) }));
}

describe('flow-dc download -o -', () => {
  it('is a tar that tar unpacks: every sample, and the table of all rows, as in a folder', async () => {
    const { folder, to } = await setUp();
    const unpack = `mkdir x && flow-dc download m.csv -o - --progress plain ${to} | tar xf - -C x`;
    const { code, stderr } = await shell(unpack, folder).done;
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^a tar on stdout is written once.*cannot be resumed/m);
    expect(stderr).toMatch(/^done: 300 of 301 rows fetched.* in one tar$/m);
    expect((await runCli(['download', join(folder, 'm.csv'), '-o', join(folder, 'out'), ...to.split(' ')])).code).toBe(
      0,
    );
    const files = (await readdir(join(folder, 'x'))).filter((name) => name.endsWith('.jpg')).sort();
    expect(files).toHaveLength(300);
    const rows = plain(await rowsOf(join(folder, 'x', '.outcomes.parquet')));
    expect(essence(rows)).toEqual(essence(await outcomesOf(join(folder, 'out'))));
    expect(rows.flatMap(({ name }) => name ?? []).sort()).toEqual(files);
    expect(await readFile(join(folder, 'x', '0000000007.txt'), 'utf8')).toMatch(/^caption \d+$/);
  });

  it('reads the manifest from a pipe, and is read as a stream of samples: compressed, too', async () => {
    const { folder, to } = await setUp({ meanBytes: 60_000 });
    await writeFile(join(folder, 'groups.py'), GROUPS);
    for (const more of ['', '--compress-tar', '--spill-bytes 64KiB']) {
      const line = `cat m.csv | flow-dc download - -o - ${more} --outcomes o.csv ${to} | python3 groups.py`;
      const { code, stdout, stderr } = await shell(line, folder).done;
      expect(code, stderr).toBe(0);
      const samples = JSON.parse(stdout) as [string, Record<string, number>][];
      expect(new Set(samples.map(([key]) => key)).size).toBe(300);
      expect(samples).toHaveLength(300);
      for (const [, members] of samples) expect(Object.keys(members)).toEqual(['jpg', 'txt', 'cls', 'json']);
      const table = (await readFile(join(folder, 'o.csv'), 'utf8')).trimEnd().split('\n');
      expect(table).toHaveLength(302);
    }
  });

  it('makes class folders, with names that are unique in the whole stream', async () => {
    const { folder, to } = await setUp();
    const line = `flow-dc download m.csv -o - --label label --key-col key ${to} | tar tf -`;
    const { code, stdout, stderr } = await shell(line, folder).done;
    expect(code, stderr).toBe(0);
    const names = stdout.trimEnd().split('\n');
    expect(names.at(-1)).toBe('.outcomes.parquet');
    expect(new Set(names).size).toBe(301);
    expect(names).toContain('class 0/k0_0000000000.jpg');
  });

  it('ends with one line when its reader goes away, and leaves nothing behind', async () => {
    const { folder, to } = await setUp({ rows: 3000 });
    const TMPDIR = join(folder, 'tmp');
    await mkdir(TMPDIR);
    const line = `flow-dc download m.csv -o - ${to} | head -c 1000 | wc -c; exit \${PIPESTATUS[0]}`;
    const { code, stdout, stderr } = await shell(line, folder, { TMPDIR }).done;
    expect(code, stderr).toBe(1);
    expect(stdout.trim()).toBe('1000');
    const told = stderr.split('\n').filter((text) => text.startsWith('flow-dc:'));
    expect(told).toEqual([expect.stringMatching(/reader is gone.*cannot be resumed.*FDC_ERR_DEST_IO/)]);
    expect((await readdir(TMPDIR)).filter((name) => name.startsWith('flow-dc'))).toEqual([]);
  });

  it.for([
    ['a full disk', '-o - > /dev/full', 1, /no space left.*FDC_ERR_DEST_FULL/],
    ['a closed stdout', '-o - >&-', 2, /stdout, which is closed/],
    ['loose files', '-o - --no-create-tar | cat', 2, /leave create_tar on/],
    ['--json', '-o - --json | cat', 2, /--json prints to stdout/],
    ['a table that is the manifest', '-o - --outcomes m.csv | cat', 2, /it is the manifest/],
    ['a table in no folder', '-o - --outcomes no/o.csv | cat', 2, /no.*ENOENT.*FDC_ERR_DEST_UNWRITABLE/],
    ['a table of a folder', '-o out --outcomes o.csv', 2, /outcomes goes with output -/],
  ] as const)('says in one line what is wrong with %s', async ([, end, code, text]) => {
    const { folder, to } = await setUp();
    const result = await shell(`flow-dc download m.csv ${to} --progress off ${end}`, folder).done;
    expect(result.code, result.stderr).toBe(code);
    expect(result.stdout).toBe('');
    expect(result.stderr.split('\n').filter((line) => line.startsWith('flow-dc:'))).toEqual([
      expect.stringMatching(text),
    ]);
  });

  it.for(['submit m.csv -o -', 'worker nats://127.0.0.1:1 -o -', 'partition m.csv --partitions 2 -o -'])(
    'is refused where it has no meaning (%s)',
    async (line) => {
      const { folder } = await setUp();
      const { code, stderr } = await shell(`flow-dc ${line}`, folder).done;
      expect(code, stderr).toBe(2);
      expect(stderr).toMatch(/folder.*FDC_ERR_USAGE/);
    },
  );

  it('exits as every download does: rows that fail are data, none stored is 3', async () => {
    const { folder, to } = await setUp();
    await writeFile(join(folder, 'gone.csv'), 'url\nhttp://gone.test/1.jpg\nhttp://gone.test/2.jpg\n');
    const none = await shell(`flow-dc download gone.csv -o - ${to} | tar xf -`, folder).done;
    expect(none.code, none.stderr).toBe(3);
    expect((await rowsOf(join(folder, '.outcomes.parquet'))).map(({ code }) => code)).toEqual(['http_404', 'http_404']);
    const few = await shell(`flow-dc download m.csv -o - --max-failure-rate 0 ${to} | tar tf -`, folder).done;
    expect(few.code, few.stderr).toBe(3);
  });

  it('ends the tar in order when it is interrupted: whole samples, and a table of just these', async () => {
    const { folder, to } = await setUp({ rows: 3000, latencyMs: 200 });
    const run = shell(
      `flow-dc download m.csv -o - --per-host-concurrency 4 --law fixed ${to} > out.tar & echo $! >&2; wait $!`,
      folder,
    );
    await vi.waitFor(() => expect(run.stderr()).toContain('cannot be resumed'), { timeout: 60_000 });
    await wait(2500);
    process.kill(Number(run.stderr().split('\n')[0]), 'SIGINT');
    const { code, stderr } = await run.done;
    expect(code, stderr).toBe(130);
    expect(stderr).toMatch(/^flow-dc: interrupted: the tar on stdout ends after what was fetched.*begun again/m);
    const list = await shell('tar tf out.tar && tar xf out.tar .outcomes.parquet', folder).done;
    expect(list.code, list.stderr).toBe(0);
    const names = list.stdout.trimEnd().split('\n');
    const keys = new Map<string, number>();
    for (const name of names.slice(0, -1)) {
      const key = name.split('.')[0] as string;
      keys.set(key, (keys.get(key) ?? 0) + 1);
    }
    expect(keys.size).toBeGreaterThan(5);
    expect(keys.size).toBeLessThan(3000);
    expect([...keys.values()].every((members) => members === 4)).toBe(true);
    const stored = (await rowsOf(join(folder, '.outcomes.parquet'))).filter(({ status }) => status === 'fetched');
    expect(stored.map(({ name }) => String(name).split('.')[0]).sort()).toEqual([...keys.keys()].sort());
  });

  it('ends within drain_sec of a Ctrl-C where its reader takes nothing any more, and says that it is cut off', async () => {
    const { folder, to, origin } = await setUp({ rows: 4000, meanBytes: 40_000 });
    const reader = 'mkfifo p; sleep 60 < p > /dev/null 2>&1 & r=$!';
    const download = `flow-dc download m.csv -o - --drain-sec 2 ${to} > p & d=$!`;
    const run = shell(`${reader}; ${download}; echo $d >&2; wait $d; code=$?; kill $r; exit $code`, folder);
    const requests = (): number => [...origin.stats().values()].reduce((sum, { requests }) => sum + requests, 0);
    await vi.waitFor(() => expect(requests()).toBeGreaterThan(500), { timeout: 20_000 });
    await wait(1000);
    const startedMs = performance.now();
    process.kill(Number(run.stderr().split('\n')[0]), 'SIGINT');
    const { code, stderr } = await run.done;
    expect(code, stderr).toBe(130);
    expect(performance.now() - startedMs).toBeLessThan(12_000);
    expect(stderr).toMatch(/^flow-dc: interrupted in the middle: the tar on stdout is cut off/m);
  });

  it('waits for a slow reader: nothing is fetched meanwhile, and all of it comes', async () => {
    const { folder, to, origin } = await setUp({ rows: 4000, meanBytes: 40_000 });
    const stop = 'while [ ! -e go ]; do sleep 0.1; done';
    const slow = `(head -c 1000000 > a; ${stop}; cat > b) && cat a b | tar tf - | grep -c 'jpg$'`;
    const run = shell(`flow-dc download m.csv -o - ${to} | ${slow}`, folder);
    const requests = (): number => [...origin.stats().values()].reduce((sum, { requests }) => sum + requests, 0);
    await vi.waitFor(() => expect(requests()).toBeGreaterThan(100), { timeout: 60_000 });
    let before = 0;
    while (before !== requests()) {
      before = requests();
      await wait(2000);
    }
    // 32 MiB on the way to the reader, and what was in flight.
    expect(before).toBeLessThan(3000);
    await writeFile(join(folder, 'go'), '');
    const { code, stdout, stderr } = await run.done;
    expect(code, stderr).toBe(0);
    expect(stdout.trim()).toBe('4000');
    expect(stderr).toMatch(/^held: \d.* whoever reads stdout is slower than the network$/m);
  });
});

describe('docs/stdout.md', () => {
  it('can be followed command by command', async () => {
    const { folder, to } = await setUp({ rows: 50 });
    const [block = ''] =
      (await readFile(join(ROOT, 'docs', 'stdout.md'), 'utf8')).match(/(?<=^```sh\n).*?(?=^```$)/ms) ?? [];
    const commands = block.trimEnd().split('\n');
    expect(commands.length).toBeGreaterThan(4);
    await script(folder, 'flow-dc', `exec "${process.execPath}" "${MAIN}" "$@" ${to}`);
    // The other machine is this one.
    await script(folder, 'ssh', 'shift; exec "$@"');
    const gateway = await testS3Gateway('s3rver');
    const hasAws = (await shell('aws --version', folder).done).code === 0;
    if (!hasAws) console.warn('SKIPPED: aws is not installed, `| aws s3 cp -` is not tried');
    for (const command of commands) {
      if (!hasAws && command.includes('aws s3')) continue;
      const line = `rm -rf data; mkdir data; cp m.csv urls.csv; ${command}`;
      const { code, stderr } = await shell(line, folder, gateway.env()).done;
      expect(code, `${command}\n${stderr}`).toBe(0);
      expect(stderr, command).toMatch(/^done: 50 of 51 rows fetched/m);
      if (!command.includes('-C data')) continue;
      const samples = (await readdir(join(folder, 'data'))).filter((name) => name.endsWith('.jpg'));
      expect(samples, command).toHaveLength(50);
    }
    const count = async (line: string): Promise<string> =>
      (await shell(`${line} | grep -c 'jpg$'`, folder, gateway.env()).done).stdout.trim();
    expect(await count('tar tzf dataset.tar.gz')).toBe('50');
    if (hasAws) expect(await count('aws s3 cp s3://bucket/dataset.tar - | tar tf -')).toBe('50');
  });
});

async function script(folder: string, name: string, text: string): Promise<void> {
  await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}
