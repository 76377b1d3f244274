/** What an entry of a tar takes: the header by itself, and everything between a sample and its file. */
import { systemClock } from '../../src/clock.ts';
import type { FetchResult, OpenUnit, UnitRow } from '../../src/record.ts';
import { TarShard } from '../../src/stages/sink/tar-shard.ts';
import { tarHeader } from '../speed/loops/tar-shard.ts';
import type { MicroTask } from './micro-task.ts';

const BODY = Buffer.alloc(10_000, 7);
const JSON_BODY = Buffer.from(JSON.stringify({ key: '0000000000', url: 'https://photos.example.org/1.jpg' }));

export function tarHeaders(): MicroTask[] {
  let row = 0;
  return [
    { name: 'the header of the floor', items: 1, run: () => void tarHeader(`${++row}.jpg`, BODY.length) },
    sampleTask('a body of 10 kB', undefined),
    sampleTask('a body of 10 kB and its metadata', () => JSON_BODY),
  ];
}

/** Samples into a shard that goes nowhere; a gathered write is part of every hundredth. */
function sampleTask(name: string, json: (() => Buffer) | undefined): MicroTask {
  const nowhere = {
    write: async () => {},
    close: async () => ({ name: 'nowhere.tar', bytes: 0, sha256: '' }),
  };
  const events = { onSettled: () => {}, onError: () => {} };
  const shard = new TarShard(nowhere, { json, captions: false }, events, systemClock);
  let row = 0;
  return { name, items: 1, run: () => void shard.add(RESULT, String(row++).padStart(10, '0'), 'jpg') };
}

const RESULT: FetchResult = {
  row: {} as UnitRow,
  unit: {} as OpenUnit,
  status: 'fetched',
  host: 'photos.example.org',
  pieces: [BODY],
  bytes: BODY.length,
  contentType: 'image/jpeg',
  attempts: 1,
  fetchedAtMs: 0,
  release: () => {},
};
