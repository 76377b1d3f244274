import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Booking } from '../../../src/quota/ledger.ts';
import { QuotaBook } from '../../../src/quota/quota-book.ts';
import { keepQuotas, quotasInFolder, quotasInStore } from '../../../src/run/quota-file.ts';
import { MemoryBucket, MemoryStore } from '../../support/memory-store.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const NOTHING: Booking = {
  host: 'a.example',
  held: 0,
  minute: 0,
  underWay: 0,
  want: 7000,
  fileBytes: 7000,
  quotas: [['hour', 10_000]],
  wasUsedUp: false,
};

async function opened(path: string) {
  const book = new QuotaBook(new VirtualClock());
  const later: string[] = [];
  const notices = await keepQuotas(book, quotasInFolder(path), (notice) => later.push(notice));
  return { book, notices, later };
}

describe('quotas.json', () => {
  it('holds what was booked by the time that it may be used, and nothing where there are no quotas', async () => {
    const folder = await tempFolder();
    const path = join(folder, 'quotas.json');
    const { book, notices } = await opened(path);
    await book.settled();
    expect([notices, await readdir(folder)]).toEqual([[], []]);
    expect(await book.book(NOTHING)).toMatchObject({ held: 7000 });
    const after = await opened(path);
    expect(after.book.records()).toEqual(book.records());
    expect(await after.book.book(NOTHING)).toMatchObject({ held: 0, usedUp: { period: 'hour' } });
  });

  it('lies in a store as in a folder', async () => {
    const store = new MemoryStore(new MemoryBucket(), '');
    const [book, again] = [new QuotaBook(new VirtualClock()), new QuotaBook(new VirtualClock())];
    expect(await keepQuotas(book, quotasInStore(store))).toEqual([]);
    await book.book(NOTHING);
    expect(await keepQuotas(again, quotasInStore(store))).toEqual([]);
    expect(again.records()).toEqual(book.records());
    expect(again.records()).toHaveLength(1);
  });

  it('is written once for all that ask meanwhile', async () => {
    let writings = 0;
    const book = new QuotaBook(new VirtualClock());
    const write = async (): Promise<void> => {
      writings += 1;
    };
    await keepQuotas(book, { name: 'x', read: async () => undefined, write });
    await Promise.all(Array.from({ length: 50 }, (_, n) => book.book({ ...NOTHING, host: `h${n}.example` })));
    expect(writings).toBeLessThanOrEqual(2);
    expect(book.records()).toHaveLength(50);
  });

  it.each([
    ['empty', ''],
    ['cut short', '{"format":"flow-dc quotas","ver'],
    ['of another program', '{"hosts":[]}'],
    ['of a later version', '{"format":"flow-dc quotas","version":2,"hosts":[]}'],
    ['with fewer than no bytes', '{"format":"flow-dc quotas","version":1,"hosts":[{"host":"a","minutes":[[1,-1]]}]}'],
  ])('that is damaged or foreign (%s) is ignored with a notice, and written anew', async (_case, content) => {
    const path = join(await tempFolder(), 'quotas.json');
    await writeFile(path, content);
    const { book, notices } = await opened(path);
    expect(notices).toEqual([expect.stringMatching(/quotas\.json: ignored \(.+\); quotas of hosts begin anew$/)]);
    await book.book(NOTHING);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ hosts: [{ host: 'a.example' }] });
  });

  it('that cannot be written costs one notice, and no row', async () => {
    const path = join(await tempFolder(), 'quotas.json');
    await mkdir(join(path, 'in-the-way'), { recursive: true });
    const { book, notices, later } = await opened(path);
    expect(notices).toHaveLength(1);
    for (let times = 0; times < 3; times += 1)
      expect((await book.book({ ...NOTHING, want: 1000 })).minute).toBeGreaterThan(0);
    expect(later).toEqual([expect.stringMatching(/quotas\.json: not written .*the next run may not know/)]);
  });
});
