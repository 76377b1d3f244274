import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filesFor, hasFileLeft, openFileLimit, patiently, shareFiles } from '../../src/open-files.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const WANTED = { concurrentDownloads: 1000, openUnits: 16 };

describe('the files that a process may have open', () => {
  it('are known here', () => {
    expect(openFileLimit()).toBeGreaterThan(0);
    expect(hasFileLeft()).toBe(true);
  });

  it('are never promised twice, and leave every stage something to work with', () => {
    const asked = fc.record({ concurrentDownloads: fc.integer({ min: 1, max: 100_000 }), openUnits: fc.nat(64) });
    fc.assert(
      fc.property(fc.integer({ min: 64, max: 1_048_576 }), asked, (files, wanted) => {
        const has = shareFiles(files, { ...wanted, openUnits: wanted.openUnits + 1 });
        expect(36 + has.maxConnections + 3 * has.openUnits + has.maxSpills).toBeLessThanOrEqual(files);
        expect(has.concurrentDownloads).toBeLessThanOrEqual(Math.min(wanted.concurrentDownloads, has.maxConnections));
        expect(Math.min(has.concurrentDownloads, has.openUnits, has.maxSpills)).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  it.each([
    [64, 17],
    [96, 35],
    [256, 135],
    [1024, 765],
    [1_048_576, 1000],
    [undefined, 1000],
  ])('%s allow %i downloads at once', (files, downloads) => {
    expect(shareFiles(files, WANTED).concurrentDownloads).toBe(downloads);
  });

  it('are advised in a number that allows all, and not many more', () => {
    const files = filesFor(WANTED);
    expect(shareFiles(files, WANTED)).toMatchObject(WANTED);
    expect(shareFiles(files - 64, WANTED).concurrentDownloads).toBeLessThan(1000);
  });
});

describe('what needs a file', () => {
  const short = (): Promise<never> => Promise.reject(Object.assign(new Error('open EMFILE'), { code: 'EMFILE' }));

  it('waits while there is none, and goes on as soon as there is', async () => {
    const clock = new VirtualClock();
    let tries = 0;
    const opened = patiently(() => (++tries < 4 ? short() : Promise.resolve('a file')), clock);
    await clock.advance(1000);
    expect([await opened, tries]).toEqual(['a file', 4]);
  });

  it('fails after a minute without, and at once with any other error', async () => {
    const clock = new VirtualClock();
    const opened = patiently(short, clock).catch((error: Error) => error.message);
    await clock.advance(61_000);
    expect(await opened).toBe('open EMFILE');
    await expect(patiently(() => Promise.reject(new Error('EACCES')), clock)).rejects.toThrow('EACCES');
  });
});
