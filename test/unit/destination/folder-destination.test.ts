import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Clock } from '../../../src/clock.ts';
import type { CommitStep } from '../../../src/destination/destination.ts';
import { FolderDestination } from '../../../src/destination/folder-destination.ts';
import type { FolderLayout } from '../../../src/destination/folder-layout.ts';
import { readFileList } from '../../../src/destination/hashed-file.ts';
import type { Artifact, UnitRecord } from '../../../src/record.ts';

const UNIT = '000000-00000000';

/** Whoever waits on it waits for no time, and something may happen meanwhile. */
class HurryingClock implements Clock {
  readonly #happens: (nowMs: number) => Promise<void>;
  #nowMs = 0;

  constructor(happens: (nowMs: number) => Promise<void> = async () => {}) {
    this.#happens = happens;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  timer(delayMs: number, fn: () => void): () => void {
    this.#nowMs += delayMs;
    void this.#happens(this.#nowMs).then(fn);
    return () => {};
  }
}

async function outputFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'flow-dc-destination-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'out');
}

function recordOf(artifacts: readonly Artifact[], token = 'aa'): UnitRecord {
  const counts = { rows: 1, stored: 1, failed: 0, skipped: 0, bytes: 5 };
  return { unit: UNIT, token, worker: 'w', ...counts, artifacts, errors: {}, committedAtMs: 0 };
}

async function stageFile(
  destination: FolderDestination,
  token = 'aa',
  name = '000000.tar',
  text = 'bytes',
): Promise<UnitRecord> {
  const staging = await destination.stage(UNIT, token);
  const file = await staging.createFile(name);
  await file.write([Buffer.from(text)]);
  const artifact = await file.close();
  await staging.sync();
  return recordOf([artifact], token);
}

async function stageFolder(destination: FolderDestination, paths: readonly string[]): Promise<UnitRecord> {
  const staging = await destination.stage(UNIT, 'aa');
  const folder = await staging.createFolder('000000.files');
  for (const path of paths) {
    const content = Buffer.from(`content of ${path}`);
    await folder.add(path, [content], createHash('sha256').update(content).digest('hex'));
  }
  const artifact = await folder.close();
  await staging.sync();
  return recordOf([artifact]);
}

describe('a local folder as destination', () => {
  it('shows nothing before the roll-forward and everything after it', async () => {
    const output = await outputFolder();
    const destination = new FolderDestination(output);
    const record = await stageFile(destination);
    expect(await readdir(output)).toEqual(['.flow-dc']);
    await destination.rollForward(record);
    expect(await readFile(join(output, '000000.tar'), 'utf8')).toBe('bytes');
    expect(await readdir(destination.paths.staging)).toEqual([]);
  });

  it('an artifact has the size and hash of its file, however it was written', async () => {
    const destination = new FolderDestination(await outputFolder());
    const file = await (await destination.stage(UNIT, 'aa')).createFile('000000.tar');
    const chunk = Buffer.from('reused');
    const written: Buffer[] = [];
    for (let i = 0; i < 300; i += 1) {
      chunk.fill(i);
      const chunks = Array.from({ length: i % 7 }, () => chunk);
      written.push(...chunks.map((part) => Buffer.from(part)));
      await file.write(chunks);
    }
    const content = Buffer.concat(written);
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(await file.close()).toEqual({ name: '000000.tar', bytes: content.length, sha256 });
  });

  it('rolling forward any number of times, also from two sides at once, gives the same folder', async () => {
    const output = await outputFolder();
    const [one, two] = [new FolderDestination(output), new FolderDestination(output)];
    const record = await stageFile(one);
    await Promise.all([one.rollForward(record), two.rollForward(record)]);
    await one.rollForward(record);
    expect((await readdir(output)).sort()).toEqual(['.flow-dc', '000000.tar']);
  });

  it('a committed file that is neither staged nor final within five seconds is an error that says so', async () => {
    const clock = new HurryingClock();
    const destination = new FolderDestination(await outputFolder(), { clock });
    const record = recordOf([{ name: '000000.tar', bytes: 5, sha256: '0'.repeat(64) }]);
    await expect(destination.rollForward(record)).rejects.toMatchObject({
      code: 'FDC_ERR_DEST_IO',
      message: expect.stringContaining('000000.tar'),
    });
    expect(clock.nowMs()).toBe(5000);
  });

  it('a file that another machine has moved is waited for until its name is seen here', async () => {
    const output = await outputFolder();
    const clock = new HurryingClock(async (nowMs) => {
      if (nowMs === 1500) await writeFile(join(output, '000000.tar'), 'bytes');
    });
    const record = recordOf([{ name: '000000.tar', bytes: 5, sha256: '0'.repeat(64) }]);
    await new FolderDestination(output, { clock }).rollForward(record);
    expect(clock.nowMs()).toBe(1500);
  });

  it.each(['../evil', '/etc/passwd', 'a/b', '..', '.flow-dc', ''])(
    'a record that names the artifact %j is refused',
    async (name) => {
      const destination = new FolderDestination(await outputFolder());
      const record = recordOf([{ name, bytes: 1, sha256: '0'.repeat(64) }]);
      await expect(destination.rollForward(record)).rejects.toThrow(/not a safe file name/);
    },
  );

  it.each([{ unit: '../../x' }, { token: '../../x' }])('a record with %j is refused', async (given) => {
    const destination = new FolderDestination(await outputFolder());
    await expect(destination.rollForward({ ...recordOf([]), ...given })).rejects.toThrow(/not a safe file name/);
  });

  it('sweeping removes attempts without a record and spilled bodies, and keeps what is decided', async () => {
    const destination = new FolderDestination(await outputFolder());
    const decided = await stageFile(destination, 'aa');
    await stageFile(destination, 'bb');
    await writeFile(join(destination.spillFolder, 'body'), 'x');
    await destination.sweep(async (unit, token) => unit === UNIT && token === 'aa');
    expect(await readdir(destination.paths.staging)).toEqual([`${UNIT}.aa`]);
    expect(await readdir(destination.spillFolder)).toEqual([]);
    await destination.rollForward(decided);
  });

  it('discarding an attempt removes it, also in the middle of a file', async () => {
    const destination = new FolderDestination(await outputFolder());
    const staging = await destination.stage(UNIT, 'aa');
    await (await staging.createFile('000000.tar')).write([Buffer.from('x')]);
    await staging.discard();
    await staging.discard();
    expect(await readdir(destination.paths.staging)).toEqual([]);
  });

  it('files beside the shards replace older ones as a whole, from text or from a stream', async () => {
    const output = await outputFolder();
    const destination = new FolderDestination(output);
    await destination.putFile('index.json', 'old');
    async function* parts(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('ne');
      yield Buffer.from('w');
    }
    await destination.putFile('index.json', parts());
    expect(Buffer.from(await destination.readFile('index.json')).toString()).toBe('new');
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half');
      throw new Error('source broke');
    }
    await expect(destination.putFile('index.json', broken())).rejects.toThrow('source broke');
    expect((await readdir(output)).sort()).toEqual(['.flow-dc', 'index.json']);
    expect(Buffer.from(await destination.readFile('index.json')).toString()).toBe('new');
  });

  // Node's own recursive mkdir never returns from there.
  it.skipIf(!existsSync('/proc/self'))('an output where no folder can be is refused at once', async () => {
    await expect(new FolderDestination('/proc/flow-dc/out').prepare()).rejects.toMatchObject({
      code: 'FDC_ERR_DEST_UNWRITABLE',
    });
  });

  it('an output that cannot be made is told from one that broke', async () => {
    const output = await outputFolder();
    await writeFile(output, 'a file');
    const made = new FolderDestination(output).prepare();
    await expect(made).rejects.toMatchObject({
      code: 'FDC_ERR_DEST_UNWRITABLE',
      message: expect.stringContaining('choose another output'),
    });
  });

  it('names the points at which a crash would make a difference, in order', async () => {
    const steps: CommitStep[] = [];
    const destination = new FolderDestination(await outputFolder(), { onStep: (step) => steps.push(step) });
    await destination.rollForward(await stageFile(destination));
    expect(steps).toEqual(['staged', 'synced', 'committed', 'rolled']);
  });

  it.each<FolderLayout>(['shards', 'files'])('keeps the state of %s where loaders do not look', async (layout) => {
    const output = await outputFolder();
    const destination = new FolderDestination(output, { layout });
    await destination.prepare();
    expect(destination.stateFolder).toBe(layout === 'shards' ? join(output, '.flow-dc') : `${output}.flow-dc`);
    expect((await stat(destination.stateFolder)).isDirectory()).toBe(true);
  });
});

it.each(['s3://bucket/data', 'https://example.org/data', '-'])(
  '%s is refused where the destination is built',
  (output) => {
    expect(() => new FolderDestination(output)).toThrow(expect.objectContaining({ code: 'FDC_ERR_CONFIG_INVALID' }));
  },
);

describe('loose files', () => {
  it('appear under their own paths, listed with size and hash', async () => {
    const output = await outputFolder();
    const destination = new FolderDestination(output, { layout: 'files' });
    const record = await stageFolder(destination, ['a/1.jpg', '雪/2.jpg']);
    expect(await readdir(output)).toEqual([]);
    await destination.rollForward(record);
    expect(await readFile(join(output, '雪', '2.jpg'), 'utf8')).toBe('content of 雪/2.jpg');
    const listed = [];
    for await (const file of readFileList(join(destination.stateFolder, '000000.files')))
      listed.push([file.path, file.bytes]);
    expect(listed).toEqual([
      ['a/1.jpg', 18],
      ['雪/2.jpg', 20],
    ]);
  });

  it('a roll-forward that was cut short is finished by the next one', async () => {
    const output = await outputFolder();
    const destination = new FolderDestination(output, { layout: 'files' });
    const record = await stageFolder(destination, ['a/1.jpg', 'a/2.jpg', 'b/3.jpg']);
    await mkdir(join(output, 'a'), { recursive: true });
    const staged = join(destination.paths.staging, `${UNIT}.aa`, 'files', 'a', '1.jpg');
    await writeFile(join(output, 'a', '1.jpg'), await readFile(staged));
    await rm(staged);
    await destination.rollForward(record);
    await destination.rollForward(record);
    expect((await readdir(output, { recursive: true })).sort()).toEqual(['a', 'a/1.jpg', 'a/2.jpg', 'b', 'b/3.jpg']);
    expect(await readdir(destination.paths.staging)).toEqual([]);
  });

  it.each(['../evil.jpg', '/tmp/evil.jpg', 'a/../../evil.jpg', 'a//b', 'a/./b', 'a\\b', 'a/\u0000'])(
    'a list with the path %j is refused',
    async (path) => {
      const destination = new FolderDestination(await outputFolder(), { layout: 'files' });
      const record = await stageFolder(destination, ['a/1.jpg']);
      const list = join(destination.paths.staging, `${UNIT}.aa`, '000000.files');
      await writeFile(list, `${JSON.stringify({ path, bytes: 1, sha256: '0'.repeat(64) })}\n`);
      await expect(destination.rollForward(record)).rejects.toThrow(/not a safe file name/);
    },
  );
});
