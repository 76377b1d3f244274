import { mkdir, readdir, readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { findTool } from '../../../scripts/cloud-tools.ts';
import { putCommand } from '../../../src/destination/tool/put-command.ts';
import { rclone } from '../../../src/destination/tool/rclone.ts';
import type { RemoteTool } from '../../../src/destination/tool/remote-tool.ts';
import { scp } from '../../../src/destination/tool/scp.ts';
import { ToolDestination } from '../../../src/destination/tool/tool-destination.ts';
import { WorkerUploads } from '../../../src/destination/tool/worker-uploads.ts';
import type { Artifact, UnitRecord } from '../../../src/record.ts';
import { recordedTools } from '../../support/recorded-tools.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const path = findTool('rclone');
const UNIT = '000000-0a0b0c0d';
const STAGED = `.${UNIT}.aa.000000.tar.part`;
const BODY = Buffer.from('0123456789abcdef'.repeat(20_000));
const NUMBERS = { rows: 1, stored: 1, failed: 0, skipped: 0, bytes: 5, errors: {}, worker: 'w', committedAtMs: 0 };

async function setUp(name = 'scp') {
  const folder = await tempFolder();
  const tools = await recordedTools(folder);
  vi.stubEnv('PATH', [tools.env.PATH, ...(path === undefined ? [] : [dirname(path)])].join(delimiter));
  const remote = join(tools.store, 'birds');
  const command = () => putCommand(`ssh x -- box 'cat > birds/{name}'`, 'birds', true);
  const tool = { scp: () => scp('box:birds'), rclone: () => rclone(`:local:${remote}`), command }[
    name
  ] as () => RemoteTool;
  const said: string[] = [];
  const options = { timeoutMs: 60_000, streams: true, onSetback: (line: string) => said.push(line) };
  const open = () => new ToolDestination(join(folder, 'out'), tool(), options);
  const worker = () => new WorkerUploads(join(folder, 'w', 'run'), tool(), options);
  return { tools, remote, said, open, worker, staging: join(folder, 'out', '.flow-dc', 'staging') };
}

/** A shard and its stats, in two writes each. */
async function written(destination: ToolDestination, unit = UNIT) {
  const staging = await destination.stage(unit, 'aa');
  const shard = unit.slice(0, 6);
  const artifacts: Artifact[] = [];
  for (const name of [`${shard}.tar`, `${shard}.stats.json`]) {
    const file = await staging.createFile(name);
    await file.write([BODY.subarray(0, 5), BODY.subarray(5, 100_000)]);
    await file.write([BODY.subarray(100_000)]);
    artifacts.push(await file.close());
  }
  const record: UnitRecord = { unit, token: 'aa', ...NUMBERS, artifacts };
  return { staging, record };
}

describe('a shard that is streamed', () => {
  describe.for(['scp', 'rclone'])('by %s', (name) => {
    const test = it.skipIf(name === 'rclone' && path === undefined);

    test('is there before its commit where no reader takes it for a shard, gets its name after it, and is never here', async () => {
      const { remote, open, staging: here } = await setUp(name);
      const destination = open();
      await destination.reach({ isNew: true, replaces: false });
      const { staging, record } = await written(destination);
      await staging.sync();
      expect(await readdir(remote)).toEqual([STAGED]);
      expect(await readdir(join(here, `${UNIT}.aa`))).toEqual(['000000.stats.json']);
      expect(record.artifacts[0]).toMatchObject({ name: '000000.tar', bytes: BODY.length });
      await destination.rollForward(record);
      await open().rollForward(record);
      expect((await readdir(remote)).sort()).toEqual(['000000.stats.json', '000000.tar']);
      expect(BODY.equals(await readFile(join(remote, '000000.tar')))).toBe(true);
      expect(await open().isFinal(record)).toBe(true);
    });

    test('of a worker is there with its small files, and whoever meets the record gives them their names', async () => {
      const { remote, worker, open } = await setUp(name);
      const { staging, record } = await written(worker());
      await staging.sync();
      expect(await readdir(remote)).toHaveLength(2);
      expect(await open().settle(record)).toBe(true);
      expect((await readdir(remote)).sort()).toEqual(['000000.stats.json', '000000.tar']);
    });

    test('and lost its race, or was left by a killed run, is removed', async () => {
      const { remote, worker, open } = await setUp(name);
      const { staging } = await written(worker());
      await staging.sync();
      await staging.discard();
      await staging.discard();
      expect(await readdir(remote)).toEqual([]);
      await written(open());
      const next = open();
      await next.reach({ isNew: true, replaces: false });
      await next.sweepAttempts(async () => false);
      expect(await readdir(remote)).toEqual([]);
    });
  });

  it('by a command that reads stdin goes to its final name at once', async () => {
    const { remote, tools, open } = await setUp('command');
    await mkdir(remote);
    const { staging, record } = await written(open());
    await staging.sync();
    await open().rollForward(record);
    expect((await readdir(remote)).sort()).toEqual(['000000.stats.json', '000000.tar']);
    expect(BODY.equals(await readFile(join(remote, '000000.stats.json')))).toBe(true);
    expect(await tools.calls()).toContain('ssh x -- box cat > birds/000000.tar');
  });

  it('whose program dies half way fails with its exit code and last line; the next goes by way of the disk', async () => {
    const { remote, tools, said, open } = await setUp();
    const destination = open();
    await destination.reach({ isNew: true, replaces: false });
    await tools.plan({ die: 1 });
    await expect(written(destination)).rejects.toThrow(/^ssh, \S+000000\.tar\.part: .*exit 7: the line went dead$/);
    expect(said.join()).toMatch(/exit 7: the line went dead; its unit is fetched again$/);
    const { staging, record } = await written(destination, '000001-0a0b0c0d');
    await staging.sync();
    await destination.rollForward(record);
    expect((await tools.calls()).filter((call) => call.includes('cat > '))).toHaveLength(1);
    expect((await readdir(remote)).sort()).toEqual(['000001.stats.json', '000001.tar', STAGED].sort());
  });

  it('is written no faster than its program reads, and ends with a halt', async () => {
    const { tools, open } = await setUp();
    const destination = open();
    await tools.plan({ deaf: 1 });
    const file = await (await destination.stage(UNIT, 'aa')).createFile('000000.tar');
    const writing = file.write([BODY]);
    const isTaken = await Promise.race([writing.then(() => true), wait(300).then(() => false)]);
    expect(isTaken).toBe(false);
    const reason = new Error('told to stop');
    destination.halt(reason);
    await expect(writing).rejects.toBe(reason);
  });

  it('is one of four; what more are open are written here first', async () => {
    const { open, staging: here } = await setUp();
    const destination = open();
    const files = [];
    for (let at = 0; at < 5; at += 1) {
      const staging = await destination.stage(`00000${at}-0a0b0c0d`, 'aa');
      files.push(await staging.createFile(`00000${at}.tar`));
    }
    for (const file of files) await file.write([BODY]);
    const shards = await readdir(here, { recursive: true });
    expect(shards.filter((name) => name.endsWith('.tar'))).toEqual(['000004-0a0b0c0d.aa/000004.tar']);
    for (const file of files) await file.close();
  });
});
