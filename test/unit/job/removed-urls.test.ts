import { mkdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { folderPaths } from '../../../src/destination/folder-layout.ts';
import {
  addRemoved,
  forgottenLines,
  RemovedUrls,
  readRemovedUrls,
  removedHash,
  removedUrl,
  rowName,
} from '../../../src/job/removed-urls.ts';
import { folderState } from '../../../src/job/state-files.ts';
import { tempFolder } from '../../support/temp-folder.ts';

describe('a list of removed URLs', () => {
  it('knows a URL however it is written, and no other', () => {
    const removed = new RemovedUrls([removedHash(removedUrl('http://a.test/x.jpg?id=1'))]);
    const has = (url: string): boolean => removed.has({ url, row: 0 });
    for (const same of [
      'HTTP://A.test:80/x.jpg?id=1',
      'http://me:pw@a.test/x.jpg?id=1',
      'http://a.test/x.jpg?id=1#top',
    ])
      expect(has(same), same).toBe(true);
    for (const other of [
      'http://a.test/x.jpg?id=2',
      'http://a.test/x.jpg',
      'https://a.test/x.jpg?id=1',
      '',
      'nonsense',
    ])
      expect(has(other), other).toBe(false);
  });

  it('knows a row where URLs are not to be had', () => {
    const removed = new RemovedUrls([removedHash(rowName(7))]);
    expect(removed.has({ url: 'http://a.test/7', row: 7 })).toBe(true);
    expect(removed.has({ url: 'http://a.test/7', row: 8 })).toBe(false);
  });

  it('tells of whom nothing may be written down again', () => {
    const hash = (url: string): string => removedHash(removedUrl(url));
    const removed = new RemovedUrls([hash('http://a.test/1'), ...forgottenLines([hash('http://a.test/2')])]);
    const asked = [1, 2, 3].map((row) => ({ url: `http://a.test/${row}`, row }));
    expect(asked.map((row) => removed.has(row))).toEqual([true, true, false]);
    expect(asked.map((row) => removed.forgets(row))).toEqual([false, true, false]);
  });

  it('grows, keeps no URL, and is none where there is no file', async () => {
    const paths = folderPaths(await tempFolder(), 'shards');
    await mkdir(paths.state);
    const state = folderState(paths);
    expect(readRemovedUrls(paths)).toBeUndefined();
    expect(readRemovedUrls({})).toBeUndefined();
    await addRemoved(state, [removedHash(removedUrl('http://a.test/1'))]);
    await addRemoved(state, [removedHash(removedUrl('http://a.test/2')), removedHash(removedUrl('http://a.test/1'))]);
    const removed = readRemovedUrls(paths);
    for (const n of [1, 2]) expect(removed?.has({ url: `http://a.test/${n}`, row: n })).toBe(true);
    expect(removed?.has({ url: 'http://a.test/3', row: 3 })).toBe(false);
  });
});
