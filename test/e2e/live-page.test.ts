import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { idleClock } from '../../src/clock.ts';
import type { Rule } from '../../src/demo-hosts/behaviour.ts';
import { viewJob } from '../../src/job/view/view-job.ts';
import { watchedOf } from '../../src/serve/live.ts';
import { serveDataset } from '../../src/serve/live-dataset.ts';
import { openLiveServer } from '../../src/serve/live-server.ts';
import { LiveBook } from '../../src/serve/watch/live-book.ts';
import { barriers, findChromium, openUrl } from '../support/browser.ts';
import { clusterTrial, said } from '../support/cluster-cli.ts';
import { outcomesOf } from '../support/dataset.ts';
import { describeNats, startNatsServer } from '../support/nats-server.ts';
import { type CliProcess, startCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const chromium = findChromium();
if (chromium === undefined)
  process.stderr.write('SKIPPED: no Chromium (set CHROMIUM_BIN), so the live page is not looked at\n');

/** The page's address with its key, and without. */
async function addressOf(process: CliProcess): Promise<{ readonly url: string; readonly withKey: string }> {
  await said(process, /live page: \S+/);
  const [, withKey = ''] = /live page: (\S+)/.exec(process.stderr()) ?? [];
  return { withKey, url: withKey.replace(/#.*/, '') };
}

describe.skipIf(chromium === undefined)('the live page, in a browser', () => {
  it('shows a run from start to end, names its slow host, and steers it with the key alone', async () => {
    const rules: Rule[] = [
      { host: 'slow.test', behaviours: [{ kind: 'slots', slots: 2, serviceMs: 400, queue: 500 }] },
      { host: 'gone.test', behaviours: [{ kind: 'status', status: 404 }] },
    ];
    const origin = await testOrigin({ rules, meanBytes: 2000 });
    const folder = await tempFolder();
    const list = join(folder, 'urls.txt');
    const hosts = ['slow.test', 'a.test', 'gone.test'];
    const urls = Array.from({ length: 600 }, (_, i) => `http://${hosts[i % 3]}/${i}.jpg?signature=secret`);
    await writeFile(list, urls.join('\n'));
    const out = join(folder, 'out');
    const args = ['download', list, '-o', out, '--connect-to', origin.connectTo, '--progress', 'off', '--serve', '0'];
    const run = startCli(args);
    onTestFinished(() => void run.child.kill('SIGKILL'));
    const { url, withKey } = await addressOf(run);
    const opened = await openUrl(url, chromium as string);
    const { page, complaints, requests } = opened;
    const holding = page.locator('#holding');
    await page.locator('#holding', { hasText: 'slow.test' }).waitFor();
    await page.locator('#hosts tbody tr', { hasText: 'slow.test' }).waitFor();
    expect(await page.locator('#codes').textContent()).toContain('http_404');
    expect(await page.content()).not.toContain('secret');
    // Without the key there is nothing to press, and nothing that could be sent does anything.
    expect(await page.locator('#pause').isVisible()).toBe(false);
    const refused = await page.request.post(`${url}control/pause`, { data: { paused: true } });
    expect(refused.status()).toBe(401);
    expect(await barriers(opened)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await barriers(opened)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 800 });
    await expect.poll(() => page.evaluate<number>('document.documentElement.scrollWidth')).toBe(360);
    await page.setViewportSize({ width: 1240, height: 900 });
    // The key is in the state folder too, for its owner alone.
    const file = join(out, '.flow-dc/serve.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ url, key: withKey.replace(/.*key=/, '') });

    await page.goto(withKey);
    // The address forgets it.
    await page.waitForURL(url);
    await page.locator('#pause').press('Enter');
    await page.locator('#phase', { hasText: /^paused$/ }).waitFor();
    await page.locator('#tiles > div', { hasText: 'requests in flight' }).locator('dd', { hasText: /^0$/ }).waitFor();
    const before = Number((await page.locator('#tiles dd').first().textContent())?.replace(',', ''));
    expect(before).toBeLessThan(600);
    await page.getByRole('button', { name: 'Change slow.test' }).click();
    await page.locator('#host-skip').check();
    await page.locator('#host-form button[type=submit]').click();
    await page.locator('#host-dialog').waitFor({ state: 'hidden' });
    await page.locator('#show-pictures').click();
    await page.locator('#pictures img').first().waitFor();
    await page.locator('#pause').click();
    await page.locator('#phase', { hasText: /^ended$/ }).waitFor();
    expect(await holding.textContent()).toBe('Done.');
    expect(await page.locator('#codes').textContent()).toContain('host_skipped');
    // The table as well is of the end, with nothing under way and nothing to press.
    const table = await page.locator('#hosts tbody tr').allTextContents();
    expect(table.filter((line) => /^a\.test.*idle.*200/.test(line))).toHaveLength(1);
    expect(table.every((line) => line.includes('idle') && !line.includes('Change'))).toBe(true);
    expect(await run.done).toMatchObject({ code: 0 });
    const rows = [...(await outcomesOf(out)).values()];
    expect(rows.filter(({ code }) => code === 'host_skipped').length).toBeGreaterThan(20);
    await expect(stat(file)).rejects.toThrow('ENOENT');
    expect(requests.filter((request) => !request.startsWith(url))).toEqual([]);
    expect(complaints.filter((line) => !/401/.test(line))).toEqual([]);
  });
});

describe('the live page', () => {
  it('steers all threads of a run, and shows the dataset afterwards', async () => {
    const latency: Rule = { behaviours: [{ kind: 'latency', meanMs: 400 }] };
    const origin = await testOrigin({ rules: [latency], meanBytes: 2000 });
    const folder = await tempFolder();
    const [list, out] = [join(folder, 'urls.txt'), join(folder, 'out')];
    await writeFile(list, Array.from({ length: 540 }, (_, i) => `http://h${i % 3}.test/${i}.jpg`).join('\n'));
    const law = ['--law', 'fixed', '--per-host-concurrency', '12', '--shard-size', '20', '--threads', '3'];
    const flags = ['--connect-to', origin.connectTo, '--progress', 'off', '--serve', '0'];
    const run = startCli(['download', list, '-o', out, ...flags, ...law]);
    onTestFinished(() => void run.child.kill('SIGKILL'));
    const { url, withKey } = await addressOf(run);
    await until(url, ({ threads, inFlight }) => (threads === 3 && inFlight > 12 ? true : undefined));
    await control(withKey, 'pause', { paused: true });
    const { rows } = await until(url, (state) => (state.inFlight === 0 ? state : undefined));
    expect(rows.done).toBeLessThan(540);
    // What could not take effect is not said to be done; what is taken back of a host not yet met leaves no trace.
    await control(withKey, 'host', { host: 'h1.test', cMax: 13 }, 409);
    await control(withKey, 'host', { host: 'later.test', skip: true });
    await control(withKey, 'host', { host: 'later.test' });
    for (const host of ['h0.test', 'h1.test']) await control(withKey, 'host', { host, cMax: 2 });
    await control(withKey, 'host', { host: 'h2.test', skip: true });
    const later = await until(url, (state) => (state.controls.rules.length === 3 ? state : undefined));
    // Rows of the host that is skipped end when they come in; nothing is sent.
    expect(later.rows.fetched).toBe(rows.fetched);
    await control(withKey, 'pause', { paused: false });
    await until(url, ({ inFlight }) => (inFlight > 0 ? true : undefined));
    const { lines } = (await (await fetch(`${url}hosts.json?sort=host&rising=1`)).json()) as Hosts;
    for (const { host, limit = 0, inFlight } of lines) {
      expect(inFlight, host).toBeLessThanOrEqual(2);
      if (host !== 'h2.test') expect(limit, host).toBe(2);
    }
    await control(withKey, 'host', { host: 'h0.test' });
    await control(withKey, 'host', { host: 'h1.test', skip: true });
    expect(await run.done).toMatchObject({ code: 0 });
    const outcomes = await outcomesOf(out);
    expect(outcomes).toHaveLength(540);
    const ends = new Set(outcomes.map(({ code, status }) => code || status));
    expect([...ends].sort()).toEqual(['fetched', 'host_skipped']);

    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const view = await viewJob(out);
    const said: string[] = [];
    const serving = serveDataset('0', view, stop.signal, (lines) => void said.push(...lines));
    while (said.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const [, page = ''] = /live page: (\S+)/.exec(said[0] ?? '') ?? [];
    const seen = await until(page, (state) => (state.phase === 'ended' ? state : undefined));
    expect(seen.rows.done).toBe(540);
    expect(seen.codes).toMatchObject([{ code: 'host_skipped' }]);
    expect(((await (await fetch(`${page}hosts.json?search=h0`)).json()) as Hosts).lines[0]?.fetched).toBe(180);
    // It goes on to look: rows that are taken again count once, and the host has them as what they are now.
    const retry = startCli(['retry', out, '--only', 'host_skipped', ...flags.slice(0, 4)]);
    expect(await retry.done).toMatchObject({ code: 0 });
    const again = await until(page, (state) =>
      state.phase === 'ended' && state.rows.fetched === 540 ? state : undefined,
    );
    expect(again).toMatchObject({ rows: { done: 540, failed: 0, skipped: 0 }, codes: [], end: 'Finished.' });
    const after = ((await (await fetch(`${page}hosts.json?sort=host&rising=1`)).json()) as Hosts).lines;
    expect(after.map(({ fetched }) => fetched)).toEqual([180, 180, 180]);
    stop.abort();
    await serving;
    await view.close();
  });
});

describe.skipIf(chromium === undefined)('the live page, in many tabs', () => {
  it('is told to all of them by one, by another when that one is closed, and orders get through', async () => {
    const book = new LiveBook({
      ...{ kind: 'download', output: 'ds', clock: idleClock, maxInFlight: 10, cores: 2 },
      controls: () => ({ refused: {}, isPaused: told.at(-1) === true, rules: [] }),
    });
    const told: boolean[] = [];
    book.begin(100, 0);
    const watched = watchedOf({ book, controls: { pause: (isPaused) => void told.push(isPaused) } });
    const server = await openLiveServer('0', watched, idleClock);
    onTestFinished(() => server.close());
    const { page: first, complaints } = await openUrl(`${server.url}#key=${server.key}`, chromium as string);
    const tabs = [first];
    while (tabs.length < 9) {
      const tab = await first.context().newPage();
      await tab.goto(`${server.url}#key=${server.key}`);
      tabs.push(tab);
    }
    const rowsShown = (text: string) =>
      Promise.all(tabs.map((tab) => tab.locator('#tiles dd', { hasText: text }).first().waitFor()));
    book.settled.row('fetched', 7, 0);
    await rowsShown('7');
    await tabs.at(-1)?.locator('#pause').click();
    await Promise.all(tabs.map((tab) => tab.locator('#phase', { hasText: /^paused$/ }).waitFor()));
    expect(told).toEqual([true]);
    await tabs.shift()?.close();
    book.settled.row('fetched', 8, 0);
    await rowsShown('15');
    book.end('Done.', 'done');
    server.close();
    await Promise.all(tabs.map((tab) => tab.locator('#phase', { hasText: /^ended$/ }).waitFor()));
    for (const tab of tabs) expect(await tab.locator('#link').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
  });

  it('says it when an order is not answered', async () => {
    const book = new LiveBook({
      ...{ kind: 'download', output: 'ds', clock: idleClock, maxInFlight: 10, cores: 2 },
      controls: () => ({ refused: {}, isPaused: false, rules: [] }),
    });
    book.begin(100, 0);
    const watched = watchedOf({ book, controls: { pause: () => new Promise<void>(() => {}) } });
    const server = await openLiveServer('0', watched, idleClock);
    onTestFinished(() => server.close());
    const { page } = await openUrl(`${server.url}#key=${server.key}`, chromium as string);
    await page.locator('#pause').click();
    await page.locator('#control-note', { hasText: 'No answer within 10 s' }).waitFor({ timeout: 20_000 });
  });
});

describeNats('the live page of a job', () => {
  it('shows three workers from elsewhere, and steers all of them', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.close());
    const trial = await clusterTrial({ nats: server.url, rows: 300, shardSize: 25 });
    const out = trial.path('out');
    const submit = trial.submit(out, '--job', 'seen');
    await said(submit, 'units are published');
    const serve = trial.start(['serve', '--nats', server.url, '--job', 'seen', '--serve', '0']);
    const { url, withKey } = await addressOf(serve);
    await control(withKey, 'pause', { paused: true });
    // Those that come later hear of it too.
    const workers = [0, 1, 2].map(() => trial.worker('--job', 'seen'));
    const paused = await until(url, ({ workers, queued, ...state }) =>
      workers.length === 3 && queued > 0 ? state : undefined,
    );
    expect(paused).toMatchObject({ phase: 'paused', inFlight: 0, rows: { done: 0 } });
    await control(withKey, 'host', { host: 'gone.test', skip: true });
    await control(withKey, 'host', { host: 'a.test', skip: true });
    await control(withKey, 'host', { host: 'b.test', requestsPerSecond: 20 });
    await control(withKey, 'host', { host: 'c.test', cMax: 1 });
    await control(withKey, 'host', { host: 'a.test' });
    await control(withKey, 'pause', { paused: false });
    expect(await submit.done).toMatchObject({ code: 0 });
    for (const worker of workers) expect(await worker.done).toMatchObject({ code: 0 });
    const { rows, codes } = await until(url, (state) => (state.phase === 'ended' ? state : undefined));
    expect(rows.done).toBe(300);
    expect(codes.map(({ code }) => code)).toContain('host_skipped');
    const asked = (host: string) => trial.origin.stats().get(host);
    expect([asked('a.test')?.requests, asked('gone.test')?.requests]).toEqual([60, undefined]);
    // Of three workers one has at least a third of the rows, and none sends faster, or more at once, than was said.
    const { arrivalsMs = [] } = asked('b.test') ?? {};
    expect((arrivalsMs.at(-1) ?? 0) - (arrivalsMs[0] ?? 0)).toBeGreaterThan(900);
    expect(asked('c.test')?.maxInFlight).toBeLessThanOrEqual(3);
    const longest = async () =>
      ((await (await fetch(`${url}hosts.json?sort=p95Ms`)).json()) as Hosts).lines[0]?.p95Ms ?? 0;
    await expect.poll(longest, { timeout: 10_000 }).toBeGreaterThan(0);
    serve.child.kill('SIGINT');
    expect(await serve.done).toMatchObject({ code: 0, stdout: '' });
  });
});

interface Hosts {
  readonly lines: readonly { host: string; limit?: number; inFlight: number; fetched: number; p95Ms?: number }[];
}

/** Press a button. */
async function control(withKey: string, what: string, body: object, status = 200): Promise<void> {
  const [url = '', key = ''] = withKey.split('#key=');
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  const reply = await fetch(`${url}control/${what}`, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(reply.status, await reply.text()).toBe(status);
}

interface State {
  readonly phase: string;
  readonly threads: number;
  readonly controls: { readonly rules: readonly unknown[] };
  readonly inFlight: number;
  readonly queued: number;
  readonly rows: { readonly done: number; readonly fetched: number };
  readonly codes: readonly { readonly code: string }[];
  readonly workers: readonly unknown[];
}

/** Look until there is what is looked for. */
async function until<T>(url: string, find: (state: State) => T | undefined): Promise<T> {
  for (let tries = 0; tries < 300; tries += 1) {
    const found = find((await (await fetch(`${url}state.json`)).json()) as State);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it never came');
}
