import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { readManifest } from '../../../../src/stages/manifest/read-manifest.ts';
import { subscribe } from '../../../../src/telemetry/channels.ts';
import { collect, folder } from './collect-rows.ts';

const ROWS = 60_000;
const csv = `url,label\n${Array.from({ length: ROWS }, (_, i) => `https://a.example.org/${i % 977}.jpg,label ${i % 7}\n`).join('')}`;

it.each([
  ['m.csv', Buffer.from(csv)],
  ['m.csv.gz', gzipSync(csv)],
])('how many rows %s has can be guessed soon by the bytes of those that were read', async (name, content) => {
  const dir = await folder({ [name]: content });
  const guesses: number[] = [];
  onTestFinished(
    subscribe('flow-dc:reading', ({ rows, bytes, ofBytes }) => void guesses.push((rows * ofBytes) / bytes)),
  );
  const { rows } = await collect(readManifest(path.join(dir, name)));
  expect(rows).toHaveLength(ROWS);
  expect(guesses.at(-1)).toBe(ROWS);
  const middle = guesses[guesses.length >> 1] as number;
  expect(Math.abs(middle - ROWS) / ROWS).toBeLessThan(name.endsWith('.gz') ? 1 : 0.2);
});
