import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { findTool } from '../../../scripts/cloud-tools.ts';
import { UploadedFiles } from '../../../src/dataset/files/uploaded-files.ts';
import { gocmd } from '../../../src/destination/tool/gocmd.ts';
import { rclone } from '../../../src/destination/tool/rclone.ts';
import type { RemoteTool } from '../../../src/destination/tool/remote-tool.ts';
import { scp } from '../../../src/destination/tool/scp.ts';
import { ToolDestination } from '../../../src/destination/tool/tool-destination.ts';
import type { UnitRecord } from '../../../src/record.ts';
import { recordedTools } from '../../support/recorded-tools.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const path = findTool('rclone');
const FILES: Readonly<Record<string, string>> = {
  'a bird/0.jpg': 'zero',
  'a bird/1.jpg': 'one',
  'b/c/2.jpg': 'two',
  'top.jpg': 'three',
};
const NUMBERS = { rows: 4, stored: 4, failed: 0, skipped: 0, bytes: 15, errors: {}, worker: 'w', committedAtMs: 0 };

async function setUp(name: string) {
  const folder = await tempFolder();
  const tools = await recordedTools(folder);
  vi.stubEnv('PATH', [tools.env.PATH, ...(path === undefined ? [] : [dirname(path)])].join(delimiter));
  const remote = join(tools.store, 'birds');
  const byName: Record<string, () => RemoteTool> = {
    gocmd: () => gocmd('birds'),
    scp: () => scp('box:birds'),
    rclone: () => rclone(`:local:${remote}`),
  };
  const tool = byName[name] as () => RemoteTool;
  const out = join(folder, 'out');
  const open = () => new ToolDestination(out, tool(), { layout: 'files', timeoutMs: 60_000 });
  return { tools, remote, open, out, state: `${out}.flow-dc` };
}

async function committed(destination: ToolDestination): Promise<UnitRecord> {
  const attempt = { unit: '000000-0a0b0c0d', token: 'aa' };
  const staging = await destination.stage(attempt.unit, attempt.token);
  const files = await staging.createFolder('000000.files');
  for (const [name, text] of Object.entries(FILES)) await files.add(name, [Buffer.from(text)], 'ab'.repeat(32));
  const artifacts = [await files.close()];
  await staging.sync();
  return { ...attempt, ...NUMBERS, artifacts };
}

async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = found.map(async (file) => [file.slice(folder.length + 1), await readFile(file, 'utf8')] as const);
  return Object.fromEntries(await Promise.all(read));
}

describe.for(['gocmd', 'scp', 'rclone'])('loose files by %s', (name) => {
  const test = it.skipIf(name === 'rclone' && path === undefined);

  test('are all there in a few calls after the commit, beside what others have there, and not here', async () => {
    const { tools, remote, open, out, state } = await setUp(name);
    await mkdir(join(remote, 'a bird'), { recursive: true });
    await writeFile(join(remote, 'a bird', 'other.txt'), 'of somebody else');
    const destination = open();
    const record = await committed(destination);
    const before = (await tools.calls()).length;
    await destination.rollForward(record);
    expect((await tools.calls()).length - before).toBeLessThan(6);
    expect(await contents(remote)).toEqual({ ...FILES, 'a bird/other.txt': 'of somebody else' });
    expect(await readdir(remote)).not.toContainEqual(expect.stringMatching(/^\./));
    expect(await readdir(out)).toEqual([]);
    expect(await readdir(state)).toContain('000000.files');
    expect(await readdir(join(state, 'staging'))).toEqual([]);
    expect(await open().isFinal(record)).toBe(true);
  });

  test('of a run that was killed in the middle are made whole by the next, again harmlessly', async () => {
    const { tools, remote, open } = await setUp(name);
    const record = await committed(open());
    if (name === 'gocmd') await tools.plan({ fail: 1 });
    await mkdir(join(remote, 'b/c'), { recursive: true });
    await writeFile(join(remote, 'b/c/2.jpg'), 'half');
    const next = open();
    await next.rollForward(record);
    await next.rollForward(record);
    await open().rollForward(record);
    expect(await contents(remote)).toEqual(FILES);
  });

  it.skipIf(name === 'gocmd' || (name === 'rclone' && path === undefined))(
    'are looked for by verify in one listing, by their sizes',
    async () => {
      const { remote, open } = await setUp(name);
      const destination = open();
      await destination.rollForward(await committed(destination));
      await rm(join(remote, 'top.jpg'));
      await writeFile(join(remote, 'b/c/2.jpg'), 'of another size');
      await writeFile(join(remote, 'b/stray.jpg'), 'x');
      const files = new UploadedFiles(destination.paths, destination.remote);
      const found = Object.entries(FILES).map(async ([file, text]) => {
        const isThere = await files.hasSample({ path: file, bytes: text.length, sha256: 'ab' });
        return isThere ? [file] : [];
      });
      expect((await Promise.all(found)).flat()).toEqual(['a bird/0.jpg', 'a bird/1.jpg']);
      const strays: string[] = [];
      for await (const file of files.samples((one) => one in FILES)) strays.push(file);
      expect(strays).toEqual(['b/stray.jpg']);
    },
  );
});
