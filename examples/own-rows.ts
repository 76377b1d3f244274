/**
 * The fetch stage alone, inside somebody's ETL job: plain objects in, the same objects with their bytes out.
 *
 *   npx tsx examples/own-rows.ts < rows.jsonl        # {"id": 1, "photo": "https://..."} per line
 *
 * The Writable at the end stands for a database; it is slow on purpose, and nothing piles up in front of it.
 */
import { createInterface } from 'node:readline';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { fetchRows, type RowResult } from 'flow-dc';

interface Photo {
  readonly id: number;
  readonly photo: string;
  readonly token?: string;
}

async function* rows(): AsyncGenerator<Photo> {
  for await (const line of createInterface({ input: process.stdin })) if (line !== '') yield JSON.parse(line) as Photo;
}

const stored: { id: number; bytes: number }[] = [];
const toMyDatabase = new Writable({
  objectMode: true,
  highWaterMark: 4,
  write({ row, status, code, bytes }: RowResult<Photo>, _encoding, done) {
    if (status === 'fetched') stored.push({ id: row.id, bytes });
    else console.error(`row ${row.id}: ${code}`);
    void wait(5).then(() => done());
  },
});

const connectTo = process.env.CONNECT_TO;
const fetched = fetchRows<Photo>({
  url: (row) => row.photo,
  request: (row) => (row.token === undefined ? {} : { headers: { authorization: `Bearer ${row.token}` } }),
  signal: AbortSignal.timeout(10 * 60_000),
  connectTo: connectTo === undefined ? [] : [connectTo],
});
await pipeline(Readable.from(rows()), fetched, toMyDatabase);
console.log(JSON.stringify({ stored: stored.length, ids: stored.map(({ id }) => id).sort((a, b) => a - b) }));
