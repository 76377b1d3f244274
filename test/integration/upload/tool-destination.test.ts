import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { gocmd } from '../../../src/destination/tool/gocmd.ts';
import { putCommand } from '../../../src/destination/tool/put-command.ts';
import type { RemoteTool } from '../../../src/destination/tool/remote-tool.ts';
import { ToolDestination } from '../../../src/destination/tool/tool-destination.ts';
import type { UnitRecord } from '../../../src/record.ts';
import { recordedTools } from '../../support/recorded-tools.ts';
import { tempFolder } from '../../support/temp-folder.ts';

async function setUp() {
  const folder = await tempFolder();
  const tools = await recordedTools(folder);
  vi.stubEnv('PATH', tools.env.PATH);
  const out = join(folder, 'out');
  const open = (tool = gocmd('birds')) => new ToolDestination(out, tool, { timeoutMs: 60_000 });
  return { tools, out, open, remote: join(tools.store, 'birds') };
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
    await vi.waitFor(async () => expect(await puts()).toBeGreaterThan(0), { timeout: 20_000 });
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
    await vi.waitFor(async () => expect((await tools.calls()).join()).toContain(' put '), { timeout: 20_000 });
    const reason = new Error('told to stop');
    destination.halt(reason);
    await expect(rolling).rejects.toBe(reason);
    expect(await readdir(join(out, '.flow-dc', 'staging', `${record.unit}.aa`))).toHaveLength(3);
    await tools.plan({ hang: 0 });
    await open().rollForward(record);
    expect(await readdir(remote)).toHaveLength(3);
  });
});
