import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { drawJpeg, padJpeg } from '../../src/demo-hosts/jpeg-and-gif.ts';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Eight pictures that look different. */
const pictures = Array.from({ length: 8 }, (_, n) =>
  drawJpeg(128, 128, (square) => ((square * (2 * n + 3) + (square >> 4) * (5 * n + 1)) % 23) / 23),
) as readonly Buffer[];

/** Rows 0 to 7 differ; 8 and 9 are row 0 again; 10 is row 1 with other bytes behind its picture's. */
function bodyOf(row: number): Buffer {
  const picture = pictures[row >= 10 ? 1 : row >= 8 ? 0 : row] as Buffer;
  return row === 10 ? padJpeg(picture, Buffer.from('the same to look at')) : picture;
}

it.for([
  ['packed shards', ['--compress-tar']],
  ['parquet files', ['--output-format', 'parquet']],
  ['loose files', ['--no-create-tar', '--output-format', 'imagefolder']],
] as const)('report --duplicates tells what is the same, and what looks so: %s', async ([, flags]) => {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'image/jpeg' });
    response.end(bodyOf(Number.parseInt((request.url ?? '').slice(1), 10)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const out = join(await tempFolder(), 'out');
  const rows = Array.from({ length: 11 }, (_, row) => `http://${row % 2 ? 'a' : 'b'}.test/${row}.jpg`);
  await writeFile(`${out}.csv`, `url\n${rows.join('\n')}\n`);
  const connectTo = `::127.0.0.1:${(server.address() as AddressInfo).port}`;
  const command = ['download', `${out}.csv`, '-o', out, '--connect-to', connectTo, '--progress', 'off'];
  const first = await runCli([...command, '--shard-size', '4', ...flags]);
  expect(first.code, first.stderr).toBe(0);
  const found = await runCli(['report', out, '--near-duplicates', '-o', `${out}-same.csv`]);
  expect(found.code, found.stderr).toBe(0);
  const size = (pictures[0] as Buffer).length;
  expect(found.stdout).toContain(`duplicates in ${out}: 11 samples, `);
  expect(found.stdout).toContain(`  the same bytes: 2 copies in 1 groups, ${(2 * size).toLocaleString('en')} B beside`);
  expect(found.stdout).toContain('  nearly the same picture: 3 copies in 2 groups, ');
  expect(found.stderr).toBe(`8 lines: ${out}-same.csv\n`);
  const lines = (await readFile(`${out}-same.csv`, 'utf8')).trim().split('\n').slice(1);
  const rowsOf = (kind: string): number[] =>
    lines
      .filter((line) => line.startsWith(`${kind},`))
      .map((line) => Number(line.split(',')[4]))
      .sort((a, b) => a - b);
  expect(rowsOf('same')).toEqual([0, 8, 9]);
  expect(rowsOf('near')).toEqual([0, 1, 8, 9, 10]);
});
