import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { drawJpeg, padJpeg } from '../../src/demo-hosts/jpeg-and-gif.ts';
import { outcomesOf } from '../support/dataset.ts';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';

const picture = drawJpeg(64, 64, (square) => (square % 16) / 16);
/** Every marker is where it belongs, and the table between them is overwritten. */
const garbled = Buffer.from(picture).fill(0x55, picture.length >> 1, (picture.length >> 1) + 20);

it('--decode-check stores what decodes, in every thread, and says what it needs where that is missing', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    response.writeHead(200, { 'content-type': 'image/jpeg' });
    response.end(path.endsWith('3.jpg') ? garbled : padJpeg(picture, Buffer.from(path)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const folder = await tempFolder();
  const out = join(folder, 'out');
  const rows = Array.from({ length: 40 }, (_, i) => `http://${i % 2 ? 'a' : 'b'}.test/${i}.jpg`);
  await writeFile(`${out}.csv`, `url\n${rows.join('\n')}\n`);
  const connectTo = `::127.0.0.1:${(server.address() as AddressInfo).port}`;
  const command = ['download', `${out}.csv`, '-o', out, '--connect-to', connectTo, '--progress', 'off'];
  const shape = ['--shard-size', '10', '--threads', '2', '--retry-backoff-sec', '0.01', '--decode-check'];
  const hidden = join(folder, 'hide.cjs');
  await writeFile(hidden, HIDE_SHARP);
  const without = await runCli([...command, ...shape], { env: { NODE_OPTIONS: `--require ${hidden}` } });
  expect([without.code, without.stderr]).toEqual([2, expect.stringContaining('not installed: npm install sharp')]);
  const { code, stderr } = await runCli([...command, ...shape]);
  expect(code, stderr).toBe(0);
  const failed = (await outcomesOf(out)).filter(({ status }) => status !== 'fetched');
  expect(failed.map(({ row }) => row).sort()).toEqual([13, 23, 3, 33]);
  for (const row of failed) {
    expect(row).toMatchObject({ code: 'not_whole', attempts: 2 });
    expect(row.message).toContain('image/jpeg: does not decode: ');
  }
});

const HIDE_SHARP = `
const Module = require('node:module');
const resolve = Module._resolveFilename;
Module._resolveFilename = (name, ...rest) => {
  if (name === 'sharp') throw Object.assign(new Error('no sharp'), { code: 'MODULE_NOT_FOUND' });
  return resolve(name, ...rest);
};
`;
