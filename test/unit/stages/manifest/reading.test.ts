import { createReadStream } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { readManifest } from '../../../../src/stages/manifest/read-manifest.ts';
import { subscribe } from '../../../../src/telemetry/channels.ts';
import { collect, folder } from './collect-rows.ts';

const ROWS = 60_000;
const csv = `url,label\n${Array.from({ length: ROWS }, (_, i) => `https://a.example.org/${i % 977}.jpg,label ${i % 7}\n`).join('')}`;

it.each([
  ['m.csv', Buffer.from(csv), false],
  ['m.csv.gz', gzipSync(csv), false],
  ['m.csv', Buffer.from(csv), true],
])('how many rows %s has can be guessed soon by the bytes of those that were read', async (name, content, isStdin) => {
  const dir = await folder({ [name]: content });
  const guesses: number[] = [];
  onTestFinished(
    subscribe('flow-dc:reading', ({ rows, bytes, ofBytes }) => void guesses.push((rows * ofBytes) / bytes)),
  );
  const file = path.join(dir, name);
  // As `< m.csv` is read.
  const source = isStdin ? readManifest('-', { stdin: createReadStream(file) }) : readManifest(file);
  const { rows } = await collect(source);
  expect(rows).toHaveLength(ROWS);
  expect(guesses.length).toBeGreaterThan(3);
  expect(guesses.at(-1)).toBe(ROWS);
  const middle = guesses[guesses.length >> 1] as number;
  expect(Math.abs(middle - ROWS) / ROWS).toBeLessThan(name.endsWith('.gz') ? 1 : 0.2);
});

it.each([
  ['a pipe of text', 'm.csv', csv],
  ['a JSON list', 'm.json', JSON.stringify([{ url: 'https://a.test/1' }, { url: 'https://a.test/2' }])],
])('how many rows there are is known when %s has been read to its end', async (_what, name, content) => {
  const dir = await folder({ [name]: content });
  const last: object[] = [];
  onTestFinished(subscribe('flow-dc:reading', (reading) => void last.splice(0, 1, reading)));
  const source = name === 'm.csv' ? readManifest('-', { stdin: Readable.from([Buffer.from(content)]) }) : undefined;
  const { rows } = await collect(source ?? readManifest(path.join(dir, name)));
  expect(last).toEqual([expect.objectContaining({ rows: rows.length, mostRows: rows.length, isEnd: true })]);
});
