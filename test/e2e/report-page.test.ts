import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Rule } from '../../src/demo-hosts/behaviour.ts';
import { reportHtml } from '../../src/report/html/report-html.ts';
import { TimeBuckets } from '../../src/report/plots.ts';
import type { Report } from '../../src/report/report.ts';
import { reportDataset } from '../../src/report/report-dataset.ts';
import { barriers, findChromium, type OpenPage, openPage } from '../support/browser.ts';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const chromium = findChromium();
if (chromium === undefined)
  process.stderr.write('SKIPPED: no Chromium (set CHROMIUM_BIN), so the HTML report is not looked at\n');

/** What a manifest might hold to take over the page. */
const HOSTILE = `</script><script>document.title='owned'</script><img src=x onerror="alert(1)">$&{{data}}'"`;

describe.skipIf(chromium === undefined)('the HTML report, in a browser without a network', () => {
  it('of a real download shows its totals and draws every plot, in both colour schemes', async () => {
    const { out, folder } = await download(200);
    const file = join(folder, 'report.html');
    const { code, stderr } = await runCli(['report', out, '--html', file]);
    expect(code, stderr).toBe(0);
    for (const scheme of ['light', 'dark'] as const) {
      const opened = await openPage(file, chromium as string, scheme);
      await expectQuiet(opened, file);
      for (const width of [360, 1240]) {
        await opened.page.setViewportSize({ width, height: 900 });
        expect(await barriers(opened), `${scheme} ${width}`).toEqual([]);
        expect(await opened.page.evaluate<number>('document.documentElement.scrollWidth')).toBe(width);
      }
      // Throughput, outcomes, latency; all hosts and each of the two.
      expect(await drawnCanvases(opened)).toEqual(Array(6).fill(true));
      const text = await opened.page.locator('main').textContent();
      for (const words of ['done', '200', 'fetched, 50.0 %', 'failed, 50.0 %', 'a.test', 'gone.test', 'http_404'])
        expect(text).toContain(words);
      // Paper is white, whatever the screen is.
      await opened.page.emulateMedia({ media: 'print' });
      const color = (selector: string, name: string): Promise<string> =>
        opened.page.evaluate<string>(`getComputedStyle(document.querySelector('${selector}')).${name}`);
      expect(await color('h1', 'color'), scheme).toBe('rgb(28, 35, 48)');
      expect(await color('.card', 'backgroundColor'), scheme).toBe('rgb(255, 255, 255)');
    }
  });

  it('works with a single row, and with 200,000 over eight hours', async () => {
    const { out, folder } = await download(1);
    const one = await reportDataset(out);
    const buckets = new TimeBuckets();
    for (let i = 0; i < 200_000; i += 1) {
      const row = { host: 'a.test', status: i % 9 === 0 ? 'failed' : 'fetched', code: '', bytes: 5000, flags: [] };
      buckets.add({ ...row, headersMs: 20 + (i % 400), totalMs: 500, fetchedAtMs: Date.UTC(2026, 0, 1) + i * 144 });
    }
    const many: Report = { ...one, rows: 200_000, plots: { ...one.plots, time: buckets.plot() } };
    for (const [name, report] of [
      ['one', one],
      ['many', many],
    ] as const) {
      const page = await reportHtml(report);
      expect(page.length).toBeLessThan(400_000);
      const opened = await openReport(folder, name, page);
      expect((await drawnCanvases(opened)).every(Boolean), name).toBe(true);
      expect(await opened.page.locator('.tile b').first().textContent()).toBe(name === 'one' ? '1' : '200,000');
    }
  });

  it('shows hostile names as the text they are', async () => {
    const { out, folder } = await download(20);
    const report = await reportDataset(out);
    const [host] = report.hosts.byRows;
    const [output] = report.outputs;
    if (host === undefined || output === undefined) throw new Error('expected a host and an output');
    const run = { out: HOSTILE, atMs: [0, 1000], inFlight: [1, 2], queued: [0, 0] };
    const load = { host: HOSTILE, inFlight: [1, 2], limit: [3, 3], rate: [1, 1], state: [HOSTILE, null] };
    const hostile: Report = {
      ...report,
      outputs: [{ ...output, out: HOSTILE }],
      hosts: { ...report.hosts, byRows: [{ ...host, host: HOSTILE, topError: HOSTILE }] },
      errorLines: [
        { code: HOSTILE, rows: 1, share: 1, isTransient: false, meaning: HOSTILE, cause: HOSTILE, next: HOSTILE },
      ],
      gaps: [HOSTILE],
      plots: { ...report.plots, runs: [{ ...run, hosts: [load] }] },
    };
    const { page } = await openReport(folder, 'hostile', await reportHtml(hostile));
    expect(await page.title()).toBe(`Download report: ${HOSTILE}`);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('tr td:first-child').allInnerTexts()).toContain(HOSTILE);
    expect(await page.locator('h3').allInnerTexts()).toContain(HOSTILE);
  });
});

async function openReport(folder: string, name: string, html: string): Promise<OpenPage> {
  const file = join(folder, `${name}.html`);
  await writeFile(file, html);
  const opened = await openPage(file, chromium as string);
  await expectQuiet(opened, file);
  return opened;
}

async function expectQuiet({ requests, complaints, page }: OpenPage, file: string): Promise<void> {
  expect(await page.locator('.uplot').count()).toBe(await page.locator('[data-plot]').count());
  expect(complaints).toEqual([]);
  expect(requests).toEqual([`file://${encodeURI(file)}`]);
}

/**
 * Of each canvas, whether anything was painted on it. As text, since this file is compiled without the types of a
 * browser.
 */
const PAINTED = `Array.from(document.querySelectorAll('canvas'), (canvas) =>
  canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value !== 0))`;

function drawnCanvases({ page }: OpenPage): Promise<boolean[]> {
  return page.evaluate<boolean[]>(PAINTED);
}

/** Half of the rows from a host where everything is gone. */
async function download(rows: number): Promise<{ readonly folder: string; readonly out: string }> {
  const folder = await tempFolder();
  const rules: Rule[] = [
    { behaviours: [{ kind: 'latency', meanMs: 60 }] },
    { host: 'gone.test', behaviours: [{ kind: 'status', status: 404 }] },
  ];
  const origin = await testOrigin({ rules, meanBytes: 2000 });
  const out = join(folder, 'a b & <c>');
  await mkdir(out);
  const urls = Array.from({ length: rows }, (_, i) => `http://${i % 2 === 0 ? 'a.test' : 'gone.test'}/${i}.jpg`);
  const flags = [
    '--connect-to',
    origin.connectTo,
    '--progress',
    'off',
    '--law',
    'fixed',
    '--per-host-concurrency',
    '8',
  ];
  const { code, stderr } = await runCli(['download', '-', '-o', out, ...flags], { stdin: urls.join('\n') });
  expect(code, stderr).toBe(0);
  return { folder, out };
}
