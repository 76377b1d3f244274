import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import axe from 'axe-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Rule } from '../../src/demo-hosts/behaviour.ts';
import { findChromium, type OpenPage, openUrl } from '../support/browser.ts';
import { clusterTrial, said } from '../support/cluster-cli.ts';
import { outcomesOf } from '../support/dataset.ts';
import { describeNats, startNatsServer } from '../support/nats-server.ts';
import { type CliProcess, startCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const chromium = findChromium();
if (chromium === undefined)
  process.stderr.write('SKIPPED: no Chromium (set CHROMIUM_BIN), so the live page is not looked at\n');

/** What a browser that needs help would stumble over, by rule and place. As text: this file has no types of a browser. */
async function barriers({ page }: OpenPage): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{
    violations: { id: string; impact: string; nodes: { target: string[] }[] }[];
  }>('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}

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
    expect(await run.done).toMatchObject({ code: 0 });
    const rows = [...(await outcomesOf(out)).values()];
    expect(rows.filter(({ code }) => code === 'host_skipped').length).toBeGreaterThan(20);
    await expect(stat(file)).rejects.toThrow('ENOENT');
    expect(requests.filter((request) => !request.startsWith(url))).toEqual([]);
    expect(complaints.filter((line) => !/ERR_CONNECTION|401/.test(line))).toEqual([]);
  });
});

describeNats('the live page of a job', () => {
  it('shows three workers from elsewhere, and steers all of them', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.close());
    const trial = await clusterTrial({ nats: server.url, rows: 750, shardSize: 25, latencyMs: 100 });
    const out = trial.path('out');
    const submit = trial.submit(out, '--job', 'seen');
    const workers = [0, 1, 2].map(() => trial.worker('--job', 'seen'));
    await said(workers[2] as CliProcess, 'committed');
    const serve = trial.start(['serve', '--nats', server.url, '--job', 'seen', '--serve', '0']);
    const { url, withKey } = await addressOf(serve);
    const post = (path: string, body: object) =>
      fetch(`${url}control/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${withKey.replace(/.*key=/, '')}` },
        body: JSON.stringify(body),
      });
    expect((await post('pause', { paused: true })).status).toBe(200);
    const paused = await until(url, ({ phase, inFlight, workers }) =>
      phase === 'paused' && inFlight === 0 && workers.length === 3 ? workers : undefined,
    );
    expect(paused).toHaveLength(3);
    expect((await post('host', { host: 'gone.test', skip: true })).status).toBe(200);
    expect((await post('pause', { paused: false })).status).toBe(200);
    expect(await submit.done).toMatchObject({ code: 0 });
    for (const worker of workers) expect(await worker.done).toMatchObject({ code: 0 });
    const { rows, codes } = await until(url, (state) => (state.phase === 'ended' ? state : undefined));
    expect(rows.done).toBe(750);
    expect(codes.map(({ code }) => code)).toContain('host_skipped');
    serve.child.kill('SIGINT');
    expect(await serve.done).toMatchObject({ code: 0, stdout: '' });
  });
});

interface State {
  readonly phase: string;
  readonly inFlight: number;
  readonly rows: { readonly done: number };
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
