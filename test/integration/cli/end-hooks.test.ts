import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { endHooks, endWords, tellEnd } from '../../../src/cli/terminal/end-hooks.ts';
import { FlowDcError } from '../../../src/errors.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const failed = endWords('download', 'ds', {
  error: new FlowDcError('FDC_ERR_DEST_IO', 'the disk of a://u:p@h is full'),
});
const now = async (): Promise<void> => {};

/** Answers with these statuses, one after the other. */
async function hooked(...statuses: number[]) {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    bodies.push(text);
    response.writeHead(statuses.shift() ?? 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/key-of-mine`, bodies };
}

it('tells a URL how the run ended, as JSON, and tries again when it is refused', async () => {
  const { url, bodies } = await hooked(503);
  const notes: string[] = [];
  await tellEnd(endHooks([url]), failed, (line) => notes.push(line), now);
  expect(bodies).toHaveLength(2);
  expect(JSON.parse(bodies[1] as string)).toMatchObject({
    ...{ command: 'download', output: 'ds', state: 'failed' },
    error: { code: 'FDC_ERR_DEST_IO', message: 'the disk of a://h is full' },
  });
  expect(notes).toEqual([]);
});

it('gives a command the same on its stdin', async () => {
  const file = join(await tempFolder(), 'end of it.json');
  await tellEnd(endHooks([`sh -c 'cat > "$0"' "${file}"`]), failed, () => expect.fail('told wrongly'), now);
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ state: 'failed' });
});

it('says which could not be told, without what may be a key, and throws nothing', async () => {
  const { url } = await hooked(500, 500, 500);
  const notes: string[] = [];
  await tellEnd(endHooks([url, 'false', '/no/such/program x']), failed, (line) => notes.push(line), now);
  expect(notes.sort().map((line) => line.replace(/127.0.0.1:\d+/, 'HOST'))).toEqual([
    'on_end: /no/such/program was not told: spawn /no/such/program ENOENT',
    'on_end: HOST was not told: answered with 500',
    'on_end: false was not told: ended with 1',
  ]);
});

it.each([
  ['', 'on_end: expected a URL'],
  ['echo "x', 'on_end: a " is not closed'],
])('refuses %j before anything is done', (hook, message) => {
  expect(() => endHooks([hook])).toThrow(message);
});
