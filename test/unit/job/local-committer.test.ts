import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createLocalCommitter,
  type LocalCommitterOptions,
  sweepTemporaryRecords,
} from '../../../src/job/local-committer.ts';
import { makeUnit, makeUnits, recordOf } from '../../support/units.ts';

let state: string;
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'flow-dc-records-'));
});
afterEach(() => rm(state, { recursive: true, force: true }));

const unit = makeUnit([{ url: 'https://h.example/1.jpg' }], { index: 12_345 });
const recordFile = (): string => join(state, 'units', '012', `${unit.id}.json`);

/** A file system without hard links, as link() reports it. */
const withoutLinks: LocalCommitterOptions = {
  linkFile: async () => {
    throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' });
  },
};

async function tear(content: string): Promise<void> {
  await mkdir(join(state, 'units', '012'), { recursive: true });
  await writeFile(recordFile(), content);
}

describe.for([
  ['with hard links', {}],
  ['without hard links', withoutLinks],
] as const)('a local committer %s', ([, options]) => {
  it('keeps a record as one readable file per unit, in folders of a thousand', async () => {
    const record = recordOf(unit);
    expect(await createLocalCommitter(state, options).commit(record)).toEqual({ won: true, created: true, record });
    expect(JSON.parse(await readFile(recordFile(), 'utf8'))).toEqual(record);
    expect(await createLocalCommitter(state, options).record(unit.id)).toEqual(record);
  });

  it('leaves no temporary file behind', async () => {
    const committer = createLocalCommitter(state, options);
    await Promise.all([committer.commit(recordOf(unit)), committer.commit(recordOf(unit))]);
    expect(await readdir(join(state, 'units', 'tmp'))).toEqual([]);
    expect(await readdir(join(state, 'units', '012'))).toEqual([`${unit.id}.json`]);
  });

  it('creates a record once, however often it is offered', async () => {
    const committer = createLocalCommitter(state, options);
    const commits = await Promise.all(Array.from({ length: 8 }, () => committer.commit(recordOf(unit))));
    expect(commits.filter((commit) => commit.created)).toHaveLength(1);
    expect(commits.filter((commit) => commit.won)).toHaveLength(1);
  });

  it.for(['', '{"unit":"012345-', '\0\0\0\0'])(
    'counts a record torn by a crash (%j) as absent and replaces it',
    async (torn) => {
      await tear(torn);
      const committer = createLocalCommitter(state, options);
      expect(await committer.record(unit.id)).toBeUndefined();
      expect(await committer.count()).toBe(0);
      const record = recordOf(unit);
      expect(await committer.commit(record)).toMatchObject({ won: true, created: true });
      expect(await committer.record(unit.id)).toEqual(record);
    },
  );
});

describe('a local committer', () => {
  it('lists and counts every record', async () => {
    const committer = createLocalCommitter(state);
    const units = [...makeUnits(5), unit];
    for (const one of units) await committer.commit(recordOf(one));
    const found: string[] = [];
    for await (const record of committer.records()) found.push(record.unit);
    expect(found.sort()).toEqual(units.map((one) => one.id).sort());
    expect(await committer.count()).toBe(6);
  });

  it('has nothing to list before the first commit', async () => {
    expect(await createLocalCommitter(state).count()).toBe(0);
  });

  it('ignores what a process left behind that was killed before the record was complete', async () => {
    await mkdir(join(state, 'units', 'tmp'), { recursive: true });
    await writeFile(join(state, 'units', 'tmp', `.${unit.id}.json.1.tmp`), '{"unit":');
    const committer = createLocalCommitter(state);
    expect(await committer.count()).toBe(0);
    expect((await committer.commit(recordOf(unit))).won).toBe(true);
    await sweepTemporaryRecords(state);
    expect(await readdir(join(state, 'units'))).toEqual(['012']);
    expect(await committer.count()).toBe(1);
  });

  it('knows its record after a process was killed between linking it and removing the temporary file', async () => {
    const record = recordOf(unit);
    const temporary = join(state, 'units', 'tmp', '.left.tmp');
    await mkdir(join(state, 'units', 'tmp'), { recursive: true });
    await tear('');
    await rm(recordFile());
    await writeFile(temporary, JSON.stringify(record));
    await link(temporary, recordFile());
    expect(await createLocalCommitter(state).commit(record)).toMatchObject({ won: true, created: false });
    await sweepTemporaryRecords(state);
    expect(await createLocalCommitter(state).record(unit.id)).toEqual(record);
  });

  it('refuses to follow a record that leads out of the folder, and names the file', async () => {
    await tear(JSON.stringify({ ...recordOf(unit), artifacts: [{ name: '../x', bytes: 1, sha256: 'a'.repeat(64) }] }));
    const refused = expect(createLocalCommitter(state).record(unit.id)).rejects;
    await refused.toMatchObject({ code: 'FDC_ERR_DEST_IO', message: expect.stringContaining(recordFile()) });
  });

  it('refuses a record that is about another unit', async () => {
    await tear(JSON.stringify(recordOf(makeUnits(1)[0] ?? unit)));
    await expect(createLocalCommitter(state).record(unit.id)).rejects.toMatchObject({ code: 'FDC_ERR_DEST_IO' });
  });

  it('refuses a malformed record before anything is written', async () => {
    const refused = expect(createLocalCommitter(state).commit(recordOf(unit, { rows: 7 }))).rejects;
    await refused.toMatchObject({ code: 'FDC_ERR_SINK_PROTOCOL' });
    expect(await readdir(state)).toEqual([]);
  });

  it('refuses a unit id that is a path', async () => {
    await expect(createLocalCommitter(state).record('../../../etc/passwd')).rejects.toMatchObject({
      code: 'FDC_ERR_SINK_PROTOCOL',
    });
  });

  it('says so when the state folder cannot be written', async () => {
    await writeFile(join(state, 'units'), 'a file');
    await expect(createLocalCommitter(state).commit(recordOf(unit))).rejects.toMatchObject({ code: 'FDC_ERR_DEST_IO' });
  });

  it('finds the unit that an earlier cut recorded for the same shard', async () => {
    const committer = createLocalCommitter(state);
    const other = makeUnit([{ url: 'https://h.example/other.jpg' }], { index: 12_345 });
    expect(await committer.rivalOf(unit.id)).toBeUndefined();
    await committer.commit(recordOf(unit));
    expect(await committer.rivalOf(unit.id)).toBeUndefined();
    expect(await committer.rivalOf(other.id)).toBe(unit.id);
  });
});
