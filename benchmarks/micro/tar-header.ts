/** What an entry of a tar takes: its header by itself, and everything between a sample and its file. */
import { systemClock } from '../../src/clock.ts';
import type { StagedFile } from '../../src/destination/destination.ts';
import { plainOutput } from '../../src/stages/sink/gzip-file.ts';
import { writeHeader } from '../../src/stages/sink/tar-header.ts';
import { TarShard } from '../../src/stages/sink/tar-shard.ts';
import { resultOf, unitOf } from '../../test/support/sink-units.ts';
import { tarHeader } from '../speed/loops/tar-shard.ts';
import type { MicroTask } from './micro-task.ts';

const BODY = Buffer.alloc(10_000, 7);
const JSON_BODY = Buffer.from(JSON.stringify({ key: '0000000000', url: 'https://photos.example.org/1.jpg' }));
/** More than one write of the shard. */
const ENTRIES = 500;

export function tarHeaders(): MicroTask[] {
  const block = Buffer.alloc(512);
  return [
    headers('the header of the floor', (name) => void tarHeader(name, BODY.length)),
    headers('the header', (name) => writeHeader(block, 0, name, BODY.length, 946_684_800)),
    shardTask('a body of 10 kB', false),
    shardTask('a body of 10 kB and its metadata', true),
  ];
}

function headers(name: string, write: (entry: string) => void): MicroTask {
  return {
    name,
    items: ENTRIES,
    run: () => {
      for (let row = 0; row < ENTRIES; row++) write(`${keyOf(row)}.jpg`);
    },
  };
}

function shardTask(name: string, withJson: boolean): MicroTask {
  const body = resultOf(unitOf({ rows: 1 }), 0, { body: BODY, pieces: [BODY], contentType: 'image/jpeg' });
  const result = { ...body, bytes: BODY.length };
  const options = { captions: false, json: withJson ? () => JSON_BODY : undefined };
  const events = {
    onSettled: () => {},
    onError: (error: Error) => {
      throw error;
    },
  };
  const run = async (): Promise<void> => {
    const shard = new TarShard(plainOutput(NOWHERE), options, events, systemClock);
    for (let row = 0; row < ENTRIES; row++) shard.add(result, keyOf(row), 'jpg');
    await shard.close();
  };
  return { name, items: ENTRIES, run };
}

function keyOf(row: number): string {
  return String(row).padStart(10, '0');
}

const NOWHERE: StagedFile = {
  write: async () => {},
  close: async () => ({ name: 'nowhere.tar', bytes: 0, sha256: '' }),
};
