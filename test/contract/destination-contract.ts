/** What every destination promises, whatever is behind it. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { CommitStep, Destination, Staging } from '../../src/destination/destination.ts';
import type { Artifact, UnitRecord } from '../../src/record.ts';

export type Layout = 'shards' | 'files';

/** A place that destinations of one kind write to; gone with the test. */
export interface TestPlace {
  /** Another one each time, as of another process. */
  open(onStep?: (step: CommitStep) => void): Destination;
  /** Names of what a reader of the dataset sees, without the job's own. */
  visible(): Promise<string[]>;
  /** A file of the dataset, whole. */
  read(name: string): Promise<Buffer>;
  /** What is staged or half uploaded, as far as the place can tell. */
  leftovers(): Promise<string[]>;
}

const UNIT = '000012-00000000';
const UNNAMED = '0'.repeat(64);

function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function recordOf(artifacts: readonly Artifact[], token = 'aa'): UnitRecord {
  const counts = { rows: 1, stored: 1, failed: 0, skipped: 0, bytes: 5 };
  return { unit: UNIT, token, worker: 'w', ...counts, artifacts, errors: {}, committedAtMs: 0 };
}

async function stageFile(staging: Staging, name: string, content: Uint8Array): Promise<Artifact> {
  const file = await staging.createFile(name);
  // In pieces that are used again at once.
  const piece = Buffer.alloc(64 * 1024);
  for (let from = 0; from < content.byteLength; from += piece.byteLength) {
    const part = content.subarray(from, from + piece.byteLength);
    piece.set(part);
    await file.write([piece.subarray(0, part.byteLength), Buffer.alloc(0)]);
    piece.fill(0);
  }
  return file.close();
}

async function stageUnit(destination: Destination, token = 'aa', text = 'bytes'): Promise<UnitRecord> {
  const staging = await destination.stage(UNIT, token);
  const artifacts = [
    await stageFile(staging, '000012.tar', Buffer.from(text)),
    await stageFile(staging, '000012.parquet', Buffer.from('table')),
  ];
  await staging.sync();
  return recordOf(artifacts, token);
}

async function stageLoose(destination: Destination, paths: readonly string[], token = 'aa'): Promise<UnitRecord> {
  const staging = await destination.stage(UNIT, token);
  const folder = await staging.createFolder('000012.files');
  for (const path of paths) {
    const content = Buffer.from(`content of ${path}`);
    if (path.endsWith('.large')) {
      await folder.addStream(
        path,
        (async function* () {
          yield content.subarray(0, 3);
          yield content.subarray(3);
        })(),
      );
    } else await folder.add(path, [content.subarray(0, 2), content.subarray(2)], sha256Of(content));
  }
  const artifacts = [await folder.close(), await stageFile(staging, '000012.parquet', Buffer.from('table'))];
  await staging.sync();
  return recordOf(artifacts, token);
}

async function* noRecords(): AsyncGenerator<UnitRecord> {}

/** @param openPlace - makes a new, empty place */
export function destinationContract(openPlace: (layout: Layout) => Promise<TestPlace>): void {
  it('shows nothing before the roll-forward and everything after it', async () => {
    const place = await openPlace('shards');
    const destination = place.open();
    const record = await stageUnit(destination);
    expect(await place.visible()).toEqual([]);
    await destination.rollForward(record);
    expect(await place.visible()).toEqual(['000012.parquet', '000012.tar']);
    expect((await place.read('000012.tar')).toString()).toBe('bytes');
    expect(await place.leftovers()).toEqual([]);
  });

  it('an artifact has the size and hash of its file, also of a large one', async () => {
    const place = await openPlace('shards');
    const destination = place.open();
    const content = Buffer.from(Uint8Array.from({ length: 11_000_003 }, (_, index) => index % 251));
    const staging = await destination.stage(UNIT, 'aa');
    const artifact = await stageFile(staging, '000012.tar', content);
    expect(artifact).toMatchObject({ name: '000012.tar', bytes: content.length, sha256: sha256Of(content) });
    await staging.sync();
    await destination.rollForward(recordOf([artifact]));
    expect(sha256Of(await place.read('000012.tar'))).toBe(artifact.sha256);
  });

  it('whoever has the record can roll it forward, any number of times and from two sides at once', async () => {
    const place = await openPlace('shards');
    const record = await stageUnit(place.open());
    const text = JSON.stringify(record);
    const [one, two] = [place.open(), place.open()];
    await Promise.all([one.rollForward(JSON.parse(text)), two.rollForward(JSON.parse(text))]);
    await place.open().rollForward(JSON.parse(text));
    expect(await place.visible()).toEqual(['000012.parquet', '000012.tar']);
    expect(await place.leftovers()).toEqual([]);
  });

  it.each(['../evil', '/etc/passwd', 'a/b', '..', '.flow-dc', ''])(
    'a record that names %j is refused',
    async (name) => {
      const place = await openPlace('shards');
      const record = recordOf([{ name, bytes: 1, sha256: UNNAMED }]);
      await expect(place.open().rollForward(record)).rejects.toThrow(/not a safe file name/);
    },
  );

  it.each([{ unit: '../../x' }, { token: '../../x' }])('a record with %j is refused', async (given) => {
    const place = await openPlace('shards');
    await expect(place.open().rollForward({ ...recordOf([]), ...given })).rejects.toThrow(/not a safe file name/);
  });

  it.each<Layout>(['shards', 'files'])(
    'discarding an attempt at %s leaves nothing of it, also in its middle',
    async (layout) => {
      const place = await openPlace(layout);
      const staging = await place.open().stage(UNIT, 'aa');
      if (layout === 'files')
        await (await staging.createFolder('000012.files')).add(
          'a/1.jpg',
          [Buffer.from('x')],
          sha256Of(Buffer.from('x')),
        );
      await (await staging.createFile('000012.parquet')).write([Buffer.alloc(6_000_000)]);
      await stageFile(staging, '000012.stats.json', Buffer.from('closed'));
      await staging.discard();
      await staging.discard();
      expect(await place.leftovers()).toEqual([]);
      expect(await place.visible()).toEqual([]);
    },
  );

  it.each<Layout>(['shards', 'files'])(
    'sweeping %s removes attempts without a record and keeps decided ones',
    async (layout) => {
      const place = await openPlace(layout);
      const stage = (token: string): Promise<UnitRecord> =>
        layout === 'shards' ? stageUnit(place.open(), token, token) : stageLoose(place.open(), ['a/1.jpg'], token);
      const decided = await stage('aa');
      await stage('bb');
      const destination = place.open();
      async function* records(): AsyncGenerator<UnitRecord> {
        yield decided;
      }
      await destination.sweep(async (unit, token) => unit === UNIT && token === 'aa', records);
      await destination.rollForward(decided);
      expect(await place.leftovers()).toEqual([]);
      expect(await place.visible()).toEqual(layout === 'shards' ? ['000012.parquet', '000012.tar'] : ['a/1.jpg']);
      await destination.sweep(async () => false, noRecords);
      expect(await place.visible()).toHaveLength(layout === 'shards' ? 2 : 1);
    },
  );

  it('files beside the shards replace older ones as a whole, from text or from a stream', async () => {
    const place = await openPlace('shards');
    const destination = place.open();
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
    expect(await place.visible()).toEqual(['index.json']);
    expect((await place.read('index.json')).toString()).toBe('new');
    expect(await place.leftovers()).toEqual([]);
    await expect(destination.readFile('other.json')).rejects.toMatchObject({ code: 'FDC_ERR_DEST_IO' });
  });

  it('names the points at which a crash would make a difference, in order', async () => {
    const place = await openPlace('shards');
    const steps: CommitStep[] = [];
    const destination = place.open((step) => steps.push(step));
    await destination.rollForward(await stageUnit(destination));
    expect(steps).toEqual(['staged', 'synced', 'committed', 'rolled']);
  });

  it.each<CommitStep>(['staged', 'synced', 'committed', 'rolled'])(
    'a process that ends at the step "%s" leaves what the next one finishes or removes',
    async (last) => {
      for (const layout of ['shards', 'files'] as const) {
        const place = await openPlace(layout);
        const ending = place.open((step) => {
          if (step === last) throw new Error('the process ends here');
        });
        let decided: UnitRecord | undefined;
        const commit = async (): Promise<void> => {
          decided = await (layout === 'shards' ? stageUnit(ending) : stageLoose(ending, ['a/1.jpg', 'b/2.large']));
          await ending.rollForward(decided);
        };
        await expect(commit()).rejects.toThrow('ends here');
        const records = decided === undefined ? [] : [JSON.parse(JSON.stringify(decided)) as UnitRecord];
        const next = place.open();
        await next.sweep(
          async (_, token) => records.some((record) => record.token === token),
          async function* () {
            yield* records;
          },
        );
        for (const record of records) await next.rollForward(record);
        expect(await place.leftovers()).toEqual([]);
        const whole = layout === 'shards' ? ['000012.parquet', '000012.tar'] : ['a/1.jpg', 'b/2.large'];
        expect(await place.visible()).toEqual(records.length === 0 ? [] : whole);
      }
    },
  );

  it('loose files appear under their own paths, with the list of them in the state', async () => {
    const place = await openPlace('files');
    const destination = place.open();
    const record = await stageLoose(destination, ['a/1.jpg', '雪/2 é.jpg', 'b/3.large']);
    expect(await place.visible()).toEqual([]);
    await destination.rollForward(record);
    expect(await place.visible()).toEqual(['a/1.jpg', 'b/3.large', '雪/2 é.jpg']);
    expect((await place.read('雪/2 é.jpg')).toString()).toBe('content of 雪/2 é.jpg');
    expect((await place.read('b/3.large')).toString()).toBe('content of b/3.large');
    const list = await destination.readFile('000012.files');
    expect(record.artifacts[0]).toMatchObject({ bytes: list.byteLength, sha256: sha256Of(list) });
    expect(await place.leftovers()).toEqual([]);
    await place.open().rollForward(JSON.parse(JSON.stringify(record)));
  });

  it.each(['../evil.jpg', '/tmp/evil.jpg', 'a/../../evil.jpg', 'a//b', 'a/./b', 'a\\b', 'a/\u0000'])(
    'a loose file at %j is refused',
    async (path) => {
      const place = await openPlace('files');
      const staging = await place.open().stage(UNIT, 'aa');
      const folder = await staging.createFolder('000012.files');
      const adding = async (): Promise<void> => folder.add(path, [Buffer.from('x')], UNNAMED);
      await expect(adding()).rejects.toThrow(/not a safe file name/);
      await staging.discard();
    },
  );
}
