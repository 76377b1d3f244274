import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { findTool } from '../../../scripts/cloud-tools.ts';
import { gocmd } from '../../../src/destination/tool/gocmd.ts';
import { putCommand } from '../../../src/destination/tool/put-command.ts';
import { rclone } from '../../../src/destination/tool/rclone.ts';
import type { RemoteTool } from '../../../src/destination/tool/remote-tool.ts';
import { scp } from '../../../src/destination/tool/scp.ts';
import { ToolDestination } from '../../../src/destination/tool/tool-destination.ts';
import { WorkerUploads } from '../../../src/destination/tool/worker-uploads.ts';
import type { UnitRecord } from '../../../src/record.ts';
import { recordedTools } from '../../support/recorded-tools.ts';
import { tempFolder } from '../../support/temp-folder.ts';

async function setUp() {
  const folder = await tempFolder();
  const tools = await recordedTools(folder);
  vi.stubEnv('PATH', tools.env.PATH);
  const out = join(folder, 'out');
  const open = (tool = gocmd('birds')) => new ToolDestination(out, tool, { timeoutMs: 60_000 });
  return { folder, tools, out, open, remote: join(tools.store, 'birds') };
}

const bytesOf = (name: string): Buffer => Buffer.from(`${name} `.repeat(500));

/** A unit that was committed and not rolled forward. */
async function committed(destination: ToolDestination, shard: string): Promise<UnitRecord> {
  const unit = `${shard}-${randomBytes(4).toString('hex')}`;
  const staging = await destination.stage(unit, 'aa');
  const artifacts = [];
  for (const name of [`${shard}.tar`, `${shard}.parquet`, `${shard}.stats.json`]) {
    const file = await staging.createFile(name);
    await file.write([bytesOf(name)]);
    artifacts.push(await file.close());
  }
  await staging.sync();
  const counts = { rows: 1, stored: 1, failed: 0, skipped: 0, bytes: 5 };
  return { unit, token: 'aa', worker: 'w', ...counts, artifacts, errors: {}, committedAtMs: 0 };
}

describe('a committed unit', () => {
  it.for<[string, RemoteTool]>([
    ['gocmd', gocmd('birds')],
    ['a command of the user', putCommand('gocmd put -f -k {file} {destination}/{file}', 'birds')],
  ])('is rolled forward with %s by several at once, and again, as if there had been one', async ([, tool]) => {
    const { open, out, remote } = await setUp();
    await mkdir(remote);
    const machines = [open(tool), open(tool), open(tool)];
    const record = await committed(machines[0] as ToolDestination, '000000');
    await Promise.all(machines.map((machine) => machine.rollForward(record)));
    await open(tool).rollForward(record);
    for (const { name } of record.artifacts) expect(await readFile(join(remote, name))).toEqual(bytesOf(name));
    expect((await readdir(out)).sort()).toEqual(['.flow-dc', '000000.parquet', '000000.stats.json']);
    expect(await readdir(join(out, '.flow-dc', 'staging'))).toEqual([]);
    for (const machine of machines) expect(await machine.isFinal(record)).toBe(true);
  });

  it('is one of many whose uploads run side by side, four at most', async () => {
    const { tools, open } = await setUp();
    const destination = open();
    const records = await Promise.all(['000000', '000001', '000002'].map((shard) => committed(destination, shard)));
    await tools.plan({ slow: 1 });
    const all = Promise.all(records.map((record) => destination.rollForward(record)));
    const puts = async (): Promise<number> => (await tools.calls()).filter((call) => call.includes(' put ')).length;
    await vi.waitFor(async () => expect(await puts()).toBeGreaterThan(0), { timeout: 60_000 });
    await wait(500);
    expect(await puts()).toBe(4);
    await all;
    expect(await puts()).toBe(9);
  });

  it('stays here when the run ends in the middle of its upload, which is ended too', async () => {
    const { tools, out, open, remote } = await setUp();
    const destination = open();
    const record = await committed(destination, '000000');
    await tools.plan({ hang: 3 });
    const rolling = destination.rollForward(record);
    rolling.catch(() => {});
    await vi.waitFor(async () => expect((await tools.calls()).join()).toContain(' put '), { timeout: 60_000 });
    const reason = new Error('told to stop');
    destination.halt(reason);
    await expect(rolling).rejects.toBe(reason);
    expect(await readdir(join(out, '.flow-dc', 'staging', `${record.unit}.aa`))).toHaveLength(3);
    await tools.plan({ hang: 0 });
    await open().rollForward(record);
    expect(await readdir(remote)).toHaveLength(3);
  });
});

const path = findTool('rclone');

describe('a unit of a worker that has no folder in common with others', () => {
  async function workers(name: string) {
    const { folder, tools, out, remote } = await setUp();
    const tool = { gocmd: gocmd('birds'), scp: scp('box:birds'), rclone: rclone(`:local:${remote}`) }[name];
    if (path !== undefined) vi.stubEnv('PATH', [tools.env.PATH, dirname(path)].join(delimiter));
    const options = { timeoutMs: 60_000 };
    const worker = (one: string) => new WorkerUploads(join(folder, one, 'run'), tool as RemoteTool, options);
    const submitter = () => new ToolDestination(out, tool as RemoteTool, options);
    return { folder, tools, out, remote, worker, submitter };
  }
  const names = ['000000.parquet', '000000.stats.json', '000000.tar'];
  const filesIn = async (folder: string): Promise<string[]> =>
    (await readdir(folder, { withFileTypes: true })).flatMap((entry) => (entry.isFile() ? [entry.name] : [])).sort();

  describe.for(['gocmd', 'scp', 'rclone'])('by %s', (name) => {
    const test = it.skipIf(name === 'rclone' && path === undefined);

    test('is on the other side before its commit, where no reader takes it for a shard, and not here', async () => {
      const { folder, worker, remote } = await workers(name);
      await committed(worker('a'), '000000');
      const there = await filesIn(remote);
      expect(there).toHaveLength(3);
      for (const one of there) expect(one).toMatch(/^\.000000-[0-9a-f]{8}\.aa\.000000\..*\.part$/);
      expect(await readdir(join(folder, 'a', 'run', '.flow-dc', 'staging'))).toEqual([]);
    });

    test('gets its names from whoever meets its record when the worker was killed, and again harmlessly', async () => {
      const { worker, remote } = await workers(name);
      const record = await committed(worker('a'), '000000');
      const other = worker('b');
      await other.rollForward(record);
      await other.rollForward(record);
      await worker('c').rollForward(record);
      expect(await filesIn(remote)).toEqual(names);
      for (const one of names) expect(await readFile(join(remote, one))).toEqual(bytesOf(one));
    });

    test("comes home to the submitter's folder but for its shard", async () => {
      const { worker, submitter, out, remote } = await workers(name);
      const record = await committed(worker('a'), '000000');
      expect(await submitter().settle(record)).toBe(true);
      expect(await filesIn(remote)).toEqual(names);
      expect(await filesIn(out)).toEqual(names.slice(0, 2));
      for (const one of names.slice(0, 2)) expect(await readFile(join(out, one))).toEqual(bytesOf(one));
      expect(await submitter().isFinal(record)).toBe(true);
    });

    test('that is nowhere is said to be, and what has no record is swept', async () => {
      const { worker, submitter, remote } = await workers(name);
      const record = await committed(worker('a'), '000000');
      const destination = submitter();
      await destination.lookAgain();
      await destination.sweep(async () => false);
      expect(await filesIn(remote)).toEqual([]);
      expect(await submitter().settle(record)).toBe(false);
      await expect(worker('b').rollForward(record)).rejects.toMatchObject({ code: 'FDC_ERR_DEST_IO' });
    });

    test('that lost its race leaves nothing', async () => {
      const { worker, remote } = await workers(name);
      const staging = await worker('a').stage('000000-00000000', 'bb');
      const file = await staging.createFile('000000.tar');
      await file.write([bytesOf('000000.tar')]);
      await file.close();
      await staging.sync();
      expect(await filesIn(remote)).toHaveLength(1);
      await staging.discard();
      await staging.discard();
      expect(await filesIn(remote)).toEqual([]);
    });
  });

  it('takes the place of what had its name and its size', async () => {
    const { worker, remote } = await workers('scp');
    const a = worker('a');
    await a.reach({ isNew: false, replaces: false });
    await writeFile(join(remote, '000000.tar'), Buffer.alloc(bytesOf('000000.tar').byteLength));
    const record = await committed(a, '000000');
    await worker('b').rollForward(record);
    expect(await readFile(join(remote, '000000.tar'))).toEqual(bytesOf('000000.tar'));
  });
});
