import { execFile } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { uniform } from '../../src/demo-hosts/random.ts';
import { type FolderPaths, finalPath, folderPaths, stagingFolder } from '../../src/destination/folder-layout.ts';
import { digestFile, FILE_LIST_SUFFIX, readFileList } from '../../src/destination/hashed-file.ts';
import type { UnitRecord } from '../../src/record.ts';
import { clusterTrial } from '../support/cluster-cli.ts';
import { essence, outcomesOf } from '../support/dataset.ts';
import { describeNats, startNatsServer } from '../support/nats-server.ts';
import { comeBack, durableAt, filesOn, keyOf, powerCutEnv, syncsIn, type WorstDisk } from '../support/power-cut.ts';
import { type CliProcess, runCli } from '../support/run-cli.ts';
import { isSoak, SEED } from '../support/seeds.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const ROWS = 120;
/** Beside these, what the disk has is looked at after every sync of a whole run. */
const CUTS = isSoak ? 40 : 2;
const FORMS = [
  ['shards', ['--output-format', 'webdataset']],
  ['loose files', ['--output-format', 'imagefolder', '--no-create-tar']],
] as const;
const DISKS: readonly WorstDisk[] = ['names lost', 'names kept'];

describeNats('a power cut of the machine of a worker and its submitter', () => {
  it.runIf(process.platform === 'linux')(
    'costs no row and doubles none, whatever the server has recorded meanwhile',
    async () => {
      const server = await startNatsServer();
      onTestFinished(() => server.close());
      const trial = await clusterTrial({ nats: server.url, rows: ROWS, shardSize: 15, latencyMs: 5 });
      const kept = trial.path('kept');
      for (let cut = 0; cut < CUTS; cut += 1) {
        await rm(kept, { recursive: true, force: true });
        await mkdir(kept);
        const out = trial.path(`out-${cut}`);
        const both = (env: Record<string, string>): readonly CliProcess[] => {
          const job = ['--nats', server.url, '--job', `cut-${cut}`];
          const submit = ['submit', ...trial.flags, '-o', out, ...job, '--lease-sec', '3'];
          const worker = ['worker', ...job, '--open-units', '2', '--threads', '1'];
          return [trial.start(submit, { env: { ...env, ...quiet(env) } }), trial.start(worker, { env })];
        };
        // Of the 55 or more that a worker makes.
        const at = 5 + Math.floor(uniform(`cut ${cut}`, SEED) * 45);
        const [submit, worker] = both(powerCutEnv(kept, out, at)) as [CliProcess, CliProcess];
        expect((await worker.done).code, `cut at sync ${at}`).toBe(null);
        submit.child.kill('SIGKILL');
        await submit.done;
        await comeBack(await durableAt(kept), [out], 'names lost');
        for (const one of both({})) expect(await one.done, `cut at sync ${at}`).toMatchObject({ code: 0 });
        const rows = (await outcomesOf(out)).map(({ row }) => Number(row));
        expect(
          rows.sort((a, b) => a - b),
          `cut at sync ${at}`,
        ).toEqual(Array.from({ length: ROWS }, (_, row) => row));
        expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
      }
    },
  );
});

/** The submit keeps what its own syncs make durable, and is not cut itself. */
function quiet(env: Record<string, string>): Record<string, string> {
  const plan = env.FLOW_DC_TEST_POWER_CUT;
  return plan === undefined ? {} : { FLOW_DC_TEST_POWER_CUT: JSON.stringify([...JSON.parse(plan).slice(0, 2), 0]) };
}

/** Writes and syncs a file while a `sync` is under way that began before, and ends when it may. */
const SYNC_IN_SYNC = `
import { execFile } from 'node:child_process';
import { fsyncSync, openSync, writeFileSync, writeSync } from 'node:fs';
const [out, go] = process.argv.slice(2);
const file = openSync(out + '/file', 'w');
const whole = new Promise((resolve) => execFile('sync', ['-f', out], resolve));
writeSync(file, 'whole');
fsyncSync(file);
writeFileSync(go, '');
await whole;
`;

describe.skipIf(process.platform !== 'linux')('a power cut', () => {
  it('takes nothing from what was synced, when a sync that began earlier ends later', async () => {
    const folder = await tempFolder();
    const [out, kept, bin, go] = ['out', 'kept', 'bin', 'go'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
    ];
    for (const made of [out, kept, bin]) await mkdir(made);
    await writeFile(join(folder, 'program.mjs'), SYNC_IN_SYNC);
    await writeFile(join(bin, 'sync'), `#!/bin/sh\nwhile [ ! -e '${go}' ]; do sleep 0.01; done\n`, { mode: 0o755 });
    const env = { ...process.env, ...powerCutEnv(kept, out, 0), PATH: `${bin}:${process.env.PATH}` };
    await promisify(execFile)(process.execPath, [join(folder, 'program.mjs'), out, go], { env });
    await comeBack(await durableAt(kept), [out], 'names lost');
    expect(await readFile(join(out, 'file'), 'utf8')).toBe('whole');
  });

  it.for(FORMS.flatMap(([form, flags]) => DISKS.map((disk) => [form, disk, flags] as const)))(
    'while %s are written, on a disk with %s, costs no row and doubles none',
    async ([, disk, flags]) => {
      const folder = await tempFolder();
      const origin = await testOrigin({ meanBytes: 2_000 });
      const manifest = join(folder, 'manifest.csv');
      const lines = Array.from({ length: ROWS }, (_, row) => `http://${'abc'[row % 3]}.test/${row}.jpg,l${row % 3}`);
      await writeFile(manifest, ['url,label', ...lines].join('\n'));
      const args = (out: string): string[] => {
        const limits = ['--shard-size', '15', '--open-units', '2', '--law', 'fixed', '--threads', '1'];
        return ['download', manifest, '-o', out, '--connect-to', origin.connectTo, ...limits, ...flags];
      };
      const kept = join(folder, 'kept');
      await mkdir(kept);
      const whole = join(folder, 'whole');
      const undisturbed = await runCli(args(whole), { env: powerCutEnv(kept, whole, 0) });
      expect(undisturbed.code, undisturbed.stderr).toBe(0);
      const syncs = syncsIn(undisturbed.stderr);
      expect(syncs).toBeGreaterThan(20);
      if (disk === 'names lost') await expectRecordsToHold(kept, whole, syncs);

      for (let cut = 0; cut < CUTS; cut += 1) {
        const at = 1 + Math.floor(((cut + uniform(`cut ${cut}`, SEED)) / CUTS) * syncs);
        await rm(kept, { recursive: true });
        await mkdir(kept);
        const out = join(folder, `out-${cut}`);
        const killed = await runCli(args(out), { env: powerCutEnv(kept, out, at) });
        const when = `cut at sync ${at} of ${syncs}`;
        expect(killed.code, when).toBe(null);
        await comeBack(await durableAt(kept), [out, `${out}.flow-dc`], disk);
        const resumed = await runCli(args(out));
        expect(resumed, when).toMatchObject({ code: 0 });
        expect(essence(await outcomesOf(out)), when).toEqual(essence(await outcomesOf(whole)));
        expect(await runCli(['verify', out]), when).toMatchObject({ code: 0, stdout: '' });
      }
    },
  );
});

/** After every single sync of a run: whatever a record on the disk names is on the disk, staged or in its place. */
async function expectRecordsToHold(kept: string, whole: string, syncs: number): Promise<void> {
  const roots = [whole, `${whole}.flow-dc`].flatMap((root) => {
    const stats = lstatSync(root, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? [] : [[root, keyOf(stats)] as const];
  });
  const paths = folderPaths(whole, roots.length > 1 ? 'files' : 'shards');
  let records = 0;
  for (let at = 1; at <= syncs; at += 1) {
    const durable = await durableAt(kept, at);
    const files = new Map<string, string | undefined>();
    for (const [root, key] of roots)
      for (const [path, place] of await filesOn(durable, key, root)) files.set(path, place);
    for (const [path, place] of files) {
      if (!/\/units\/\d{3}\/[^/.]+\.json$/.test(path) || place === undefined) continue;
      records += 1;
      const record = JSON.parse(await readFile(place, 'utf8')) as UnitRecord;
      expect(await lostFiles(paths, record, files), `after sync ${at} of ${syncs}`).toEqual([]);
    }
  }
  expect(records).toBeGreaterThan(syncs / 4);
}

/** What a sync made durable is looked at after every later one. */
const sums = new Map<string, string>();

async function sumOf(content: string): Promise<string> {
  const sum = sums.get(content) ?? (await digestFile(content)).sha256;
  sums.set(content, sum);
  return sum;
}

/** @param files - where the disk has the content of each path. @returns what the record names and the disk has not */
async function lostFiles(
  paths: FolderPaths,
  { unit, token, artifacts }: UnitRecord,
  files: ReadonlyMap<string, string | undefined>,
): Promise<string[]> {
  const staging = stagingFolder(paths, unit, token);
  const lost: string[] = [];
  const look = async (name: string, sha256: string, places: readonly string[]): Promise<string | undefined> => {
    for (const place of places) {
      const content = files.get(place);
      if (content !== undefined && (await sumOf(content)) === sha256) return content;
    }
    lost.push(name);
    return undefined;
  };
  for (const { name, sha256 } of artifacts) {
    const place = await look(name, sha256, [join(staging, name), finalPath(paths, name)]);
    if (place === undefined || !name.endsWith(FILE_LIST_SUFFIX)) continue;
    for await (const { path, sha256: sum } of readFileList(place))
      await look(path, sum, [join(staging, 'files', path), join(paths.output, path)]);
  }
  return lost;
}
