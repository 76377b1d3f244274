/** What an entry of a tar takes: the header by itself, and everything between a sample and its file. */
import type { StagedFile } from '../../src/destination/destination.ts';
import { TarFile } from '../../src/stages/sink/tar-file.ts';
import { tarHeader } from '../speed/loops/tar-shard.ts';
import type { MicroTask } from './micro-task.ts';

const BODY = Buffer.alloc(10_000, 7);
const JSON_BODY = Buffer.from(JSON.stringify({ key: '0000000000', url: 'https://photos.example.org/1.jpg' }));

export function tarHeaders(): MicroTask[] {
  let row = 0;
  const next = (): string => {
    row += 1;
    return String(row).padStart(10, '0');
  };
  return [
    { name: 'the header of the floor', items: 1, run: () => void tarHeader(`${next()}.jpg`, BODY.length) },
    entryTask('a body of 10 kB', () => [{ name: `${next()}.jpg`, body: BODY }]),
    entryTask('a body of 10 kB and its metadata', () => {
      const key = next();
      return [
        { name: `${key}.jpg`, body: BODY },
        { name: `${key}.json`, body: JSON_BODY },
      ];
    }),
  ];
}

function entryTask(name: string, entries: () => Parameters<TarFile['add']>[0]): MicroTask {
  const tar = new TarFile(NOWHERE, false);
  return { name, items: 1, run: () => tar.add(entries()) };
}

const NOWHERE: StagedFile = {
  write: async () => {},
  close: async () => ({ name: 'nowhere.tar', bytes: 0, sha256: '' }),
};
