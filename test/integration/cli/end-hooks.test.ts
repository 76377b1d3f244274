import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { endWords } from '../../../src/cli/terminal/end-words.ts';
import { endHooks as endHooksOf, tellEnd } from '../../../src/cli/terminal/tell-end.ts';
import { FlowDcError } from '../../../src/errors.ts';
import type { JobSummary } from '../../../src/job/job-summary.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const failed = endWords('download', 'ds', {
  error: new FlowDcError('FDC_ERR_DEST_IO', 'the disk of a://u:p@h is full'),
});
const endHooks = (given: readonly string[]) => endHooksOf(given, process.env);
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

it('tells a URL by way of the proxy that was given, and of no other', async () => {
  const through: string[] = [];
  const proxy = createServer((request, response) => {
    through.push(`${request.method} ${request.url}`);
    request.resume().on('end', () => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  const given = { proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
  const env = { http_proxy: 'http://127.0.0.1:9' };
  const told = (url: string, settings: object): Promise<void> =>
    tellEnd(endHooksOf([url], env, settings), failed, (line) => expect.fail(line), now);
  await told('http://hooks.test/run', given);
  expect(through).toEqual(['POST http://hooks.test/run']);
  const { url, bodies } = await hooked();
  await told(url, { proxy: 'none' });
  await told(url, { ...given, noProxy: ['127.0.0.1'] });
  expect([bodies.length, through.length]).toEqual([2, 1]);
});

it('says which could not be told, without what may be a key, and throws nothing', async () => {
  const server = await hooked(500, 500, 500);
  const notes: string[] = [];
  await tellEnd(endHooks([server.url, 'false']), failed, (line) => notes.push(line), now);
  expect(notes.sort().map((line) => line.replace(/127.0.0.1:\d+/, 'HOST'))).toEqual([
    'on_end: HOST was not told: answered with 500',
    'on_end: false was not told: ended with 1',
  ]);
  expect(server.bodies).toHaveLength(3);
});

it.each([
  [302, 'answered with 302: name the URL that it leads to'],
  [404, 'answered with 404'],
])('asks once where %i is the answer', async (status, wrong) => {
  const { url, bodies } = await hooked(status, status, status);
  const notes: string[] = [];
  await tellEnd(endHooks([url]), failed, (line) => notes.push(line), now);
  expect(bodies).toHaveLength(1);
  expect(notes).toEqual([`on_end: ${new URL(url).host} was not told: ${wrong}`]);
});

it('runs a command once, though it fails, and passes on what it prints', async () => {
  const file = join(await tempFolder(), 'runs');
  const notes: string[] = [];
  const command = `sh -c 'echo run >> "$0"; echo "seen by people"; printf "no end of line" >&2; exit 3' "${file}"`;
  await tellEnd(endHooks([command]), failed, (line) => notes.push(line), now);
  expect(await readFile(file, 'utf8')).toBe('run\n');
  expect(notes.sort()).toEqual(['no end of line', 'on_end: sh was not told: ended with 3', 'seen by people']);
});

it('passes on 64 kB of a command that prints without end, and ends it with what it has started', async () => {
  const notes: string[] = [];
  const command = `sh -c 'yes "a line" & head -c 3000000 /dev/zero | tr "\\\\0" x; kill $!'`;
  await tellEnd(endHooks([command]), failed, (line) => notes.push(line), now);
  expect(notes.join('\n').length).toBeLessThan(70_000);
  expect(notes.at(-1)).toBe('on_end: what the command prints beyond 64 kB is left out');
});

it('does not wait for what a command leaves behind', async () => {
  await tellEnd(endHooks(["sh -c 'sleep 5 & exit 0'"]), failed, () => expect.fail('told wrongly'), now);
}, 4000);

it('tells of a run that was stopped for what failed both why and how far it came', () => {
  const stopped = new FlowDcError('FDC_ERR_FAILURE_RATE', 'stopped: 90 % of 200 rows failed');
  const summary = { complete: false, stopped, totals: { rows: 200 } } as unknown as JobSummary;
  expect(endWords('download', 'ds', { summary, error: stopped })).toMatchObject({
    state: 'failed',
    summary: { stopped: stopped.message, totals: { rows: 200 } },
    error: { code: 'FDC_ERR_FAILURE_RATE' },
  });
});

it.each([
  ['', 'on_end: expected a URL'],
  ['echo "x', 'on_end: a " is not closed'],
  ['ftp://h/x', 'on_end: a URL is sent a POST: expected http:// or https://, got ftp://'],
  ['https://[', 'on_end: expected a URL, got one that cannot be read'],
  ['notify-sendd x', 'on_end: there is no program notify-sendd on the PATH'],
  ['/no/such/program x', 'on_end: /no/such/program is no program that can be run'],
  ['/tmp x', 'on_end: /tmp is no program that can be run'],
  ['cat > end.json', "on_end: no shell runs the command, so > would be a plain word: expected sh -c '...'"],
  ['cat | wc', 'so | would be'],
  ['true && true', 'so && would be'],
  ['cat 2>/dev/null', 'so 2>/dev/null would be'],
])('refuses %j before anything is done', (hook, message) => {
  expect(() => endHooks([hook])).toThrow(message);
});
