/**
 * What the live page costs at its bounds: 200,000 hosts and ten million rows, with 30,000 hosts busy and pages open.
 * Prints what a row costs, how long a page takes until its table is there, and which share of a core the server takes
 * while pages are open, with nothing else to do.
 *
 *     npx tsx benchmarks/pipeline/live-page.ts [SECONDS] [PAGES]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { idleClock } from '../../src/clock.ts';
import { watchedOf } from '../../src/serve/live.ts';
import { openLiveServer } from '../../src/serve/live-server.ts';
import { LiveBook } from '../../src/serve/watch/live-book.ts';
import { RunWatch } from '../../src/serve/watch/run-watch.ts';
import type { HostLoad } from '../../src/stages/fetch/result-stream.ts';
import { publish } from '../../src/telemetry/channels.ts';
import { findChromium } from '../../test/support/browser.ts';

const [HOSTS, ROWS, BUSY] = [200_000, 10_000_000, 30_000];
const [seconds = 20, pages = 3] = process.argv.slice(2).map(Number);

const hosts = Array.from({ length: HOSTS }, (_, i) => `images-${i}.host-${i % 977}.example.org`);
const book = new LiveBook({
  ...{ kind: 'download', output: 'dataset', clock: idleClock, maxInFlight: 1000, cores: 2 },
  controls: () => ({ refused: {}, isPaused: false, rules: [] }),
});
const watch = new RunWatch(book, idleClock);
book.begin(2 * ROWS, 0);

const filled = cpuMs(() => {
  for (let row = 0; row < ROWS; row += 1) {
    const host = hosts[(row * 7919) % HOSTS] as string;
    const isLost = row % 10 === 0;
    const code = isLost ? 'http_404' : undefined;
    publish('flow-dc:attempt', () => ({ host, headersMs: 20 + (row % 700), serviceMs: 50, bytes: 9000, code }));
    publish('flow-dc:row', () => ({ host, status: isLost ? 'failed' : 'fetched', bytes: isLost ? 0 : 9000, code }));
    if (code !== undefined) publish('flow-dc:missed', () => ({ code, url: `https://${host}/${row}.jpg?s=1` }));
  }
});

const busy = (): HostLoad[] =>
  hosts.slice(0, BUSY).map((host, i) => ({ host, inFlight: i % 4, limit: 8, waiting: i % 50, isPaused: i % 97 === 0 }));
watch.attach({
  stats: () => ({ inFlight: 1000, queued: 30_000, heldMs: 0, threads: 1, bodyShare: 0.2 }),
  // As the stages do it: made anew for every look.
  hosts: busy,
});
const server = await openLiveServer('0', watchedOf({ book, controls: {} }), idleClock);

const alone = await share(seconds);
const executablePath = findChromium();
if (executablePath === undefined) throw new Error('no Chromium: set CHROMIUM_BIN');
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
const loads: number[] = [];
for (let at = 0; at < pages; at += 1) {
  const page = await browser.newPage();
  const startMs = performance.now();
  await page.goto(server.url);
  await page.locator('#hosts tbody tr').first().waitFor();
  loads.push(Math.round(performance.now() - startMs));
}
const open = await share(seconds);
await browser.close();
server.close();
watch.close();

const line = {
  ...{ hosts: HOSTS, rows: ROWS, busy: BUSY, pages },
  usPerRow: Math.round((1000 * filled * 100) / ROWS) / 100,
  rssMb: Math.round(process.memoryUsage.rss() / 1e6),
  pageMs: loads,
  shareOfCoreAlone: alone,
  shareOfCoreWithPages: open,
};
process.stdout.write(`${JSON.stringify(line)}\n`);

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Of a core, that this process takes in so many seconds, in percent. */
async function share(duringSeconds: number): Promise<number> {
  const before = process.cpuUsage();
  await sleep(1000 * duringSeconds);
  const { user, system } = process.cpuUsage(before);
  return Math.round((user + system) / 100 / duringSeconds) / 100;
}
