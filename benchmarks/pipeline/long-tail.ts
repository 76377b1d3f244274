/**
 * What a long tail of hosts costs: one row on each of 200,000, through the built command line.
 *
 *   npm run build && npx tsx benchmarks/pipeline/long-tail.ts [--hosts 200000] [--seconds 60] [--pools 2000]
 *
 * Three runs against an origin and a name server on the loopback interface, each interrupted after so many seconds: the
 * same number of rows on 100 hosts (what the chain itself takes), one row per host, and one row per host with a full
 * hosts.json of an earlier run. Peak RSS is the child's own, from /proc (Linux); what pools, gates, controllers and
 * names take together is what a run takes more than the first one. RSS holds garbage too and follows the machine's
 * mood; the live heap is what full collections (--trace-gc) left. Growth is the slope over hosts once the tables of
 * idle hosts and pools are full. Prints one JSON line.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startDemoHosts } from '../../src/demo-hosts/start-demo-hosts.ts';
import { startDnsServer } from '../../test/support/dns-server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BOUND_MB = 300;
const FEW_HOSTS = 100;
/** 4096 idle hosts, 2000 pools, 4096 names: all full by then. */
const FULL_AFTER_HOSTS = 10_000;
const PROFILES = 50_000;

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '200000' },
    seconds: { type: 'string', default: '60' },
    pools: { type: 'string', default: '2000' },
  },
});
const hosts = Number(values.hosts);
const seconds = Number(values.seconds);
const pools = Number(values.pools);

/** Memory after so many rows. */
interface Sample {
  readonly rows: number;
  readonly mb: number;
}

interface Run {
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly peakRssMb: number;
  /** The most that a full collection left; null without any. */
  readonly liveHeapMb: number | null;
  /** MB per 100,000 rows; null when there were too few to tell. */
  readonly rssGrowthMb: number | null;
  readonly liveHeapGrowthMb: number | null;
  readonly interrupted: boolean;
}

const folder = await mkdtemp(join(tmpdir(), 'flow-dc-long-tail-'));
const origin = await startDemoHosts({ meanBytes: 500, sigma: 0 });
const names = await startDnsServer('127.0.0.1');
try {
  const few = await run('few', await manifest('few', FEW_HOSTS));
  const many = await manifest('many', hosts);
  const cold = await run('cold', many);
  const profileBytes = await saveProfiles('warm');
  const warm = await run('warm', many);
  const costMb = { cold: cold.peakRssMb - few.peakRssMb, warm: warm.peakRssMb - few.peakRssMb };
  const withinBound = Math.max(costMb.cold, costMb.warm) < BOUND_MB;
  const result = {
    benchmark: 'long-tail',
    hosts,
    seconds,
    pools,
    few,
    cold,
    warm,
    profileBytes,
    costMb,
    boundMb: BOUND_MB,
    withinBound,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
} finally {
  await Promise.all([origin.close(), names.close()]);
  await rm(folder, { recursive: true, force: true });
}

/** `hosts` rows, spread over `count` hosts, eight to a domain. */
async function manifest(name: string, count: number): Promise<string> {
  const path = join(folder, `${name}.txt`);
  function* lines(): Generator<string> {
    for (let row = 0; row < hosts; row += 1) yield `http://${hostName(row % count, count)}/${row}.jpg\n`;
  }
  await pipeline(Readable.from(lines()), createWriteStream(path));
  return path;
}

function hostName(at: number, count: number): string {
  return `h${at}.d${at % Math.ceil(count / 8)}.example`;
}

/** As an earlier run leaves them: half of hosts that come again, half of others in their domains. */
async function saveProfiles(name: string): Promise<number> {
  const state = join(folder, name, '.flow-dc');
  await mkdir(state, { recursive: true });
  const profiles = Array.from({ length: PROFILES }, (_, at) => ({
    host: at % 2 === 0 ? hostName(at % hosts, hosts) : `other-${hostName(at % hosts, hosts)}`,
    atMs: Date.now(),
    concurrency: 8 + (at % 50),
    p50Ms: 20 + (at % 7),
    p95Ms: 60,
  }));
  await writeFile(join(state, 'hosts.json'), JSON.stringify({ format: 'flow-dc hosts', version: 1, hosts: profiles }));
  return (await stat(join(state, 'hosts.json'))).size;
}

async function run(name: string, input: string): Promise<Run> {
  const network = [
    '--connect-to',
    `:80::${origin.port}`,
    '--dns-server',
    names.address,
    '--allow-private',
    '127.0.0.0/8',
  ];
  const manner = ['--host-pools', `${pools}`, '--progress', 'json', '--drain-sec', '5'];
  const args = ['--trace-gc', 'dist/cli/main.js', 'download', input, '-o', join(folder, name), ...network, ...manner];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let interrupted = false;
  const limit = setTimeout(() => {
    interrupted = child.kill('SIGINT');
  }, seconds * 1000);
  const rss: Sample[] = [];
  const live: Sample[] = [];
  const last = { rows: 0, elapsedMs: 1, peakRssMb: 0 };
  createInterface({ input: child.stdout }).on('line', (line) => {
    const left = /Mark-Compact.* -> ([\d.]+) /.exec(line)?.[1];
    if (left !== undefined) live.push({ rows: last.rows, mb: Number(left) });
  });
  for await (const line of createInterface({ input: child.stderr })) {
    if (!line.startsWith('{')) {
      process.stderr.write(`${name}: ${line}\n`);
      continue;
    }
    const { rowsDone, fetched, elapsedMs } = JSON.parse(line) as {
      rowsDone: number;
      fetched: number;
      elapsedMs: number;
    };
    const memory = await memoryOf(child);
    if (fetched < rowsDone) throw new Error(`${name}: ${rowsDone - fetched} of ${rowsDone} rows were not fetched`);
    last.rows = rowsDone;
    last.elapsedMs = elapsedMs;
    if (memory === undefined) continue;
    last.peakRssMb = memory.peakMb;
    rss.push({ rows: rowsDone, mb: memory.rssMb });
  }
  await ended;
  clearTimeout(limit);
  const { rows, elapsedMs, peakRssMb } = last;
  return {
    rows,
    rowsPerSecond: Math.round((1000 * rows) / elapsedMs),
    peakRssMb,
    liveHeapMb: live.length === 0 ? null : Math.round(Math.max(...live.map(({ mb }) => mb))),
    rssGrowthMb: slopePer100k(rss),
    liveHeapGrowthMb: slopePer100k(live),
    interrupted,
  };
}

/** Undefined once the process has ended. */
async function memoryOf({
  pid,
}: ChildProcess): Promise<{ readonly rssMb: number; readonly peakMb: number } | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const [rss, peak] = ['VmRSS', 'VmHWM'].map((field) => new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  if (rss === undefined || peak === undefined) return undefined;
  return { rssMb: Math.round(Number(rss) / 1000), peakMb: Math.round(Number(peak) / 1000) };
}

/** Least squares. */
function slopePer100k(samples: readonly Sample[]): number | null {
  const full = samples.filter(({ rows }) => rows > FULL_AFTER_HOSTS);
  if (full.length < 5) return null;
  const meanRows = full.reduce((sum, { rows }) => sum + rows, 0) / full.length;
  const meanMb = full.reduce((sum, { mb }) => sum + mb, 0) / full.length;
  const covariance = full.reduce((sum, { rows, mb }) => sum + (rows - meanRows) * (mb - meanMb), 0);
  const variance = full.reduce((sum, { rows }) => sum + (rows - meanRows) ** 2, 0);
  return Math.round((100_000 * covariance) / variance);
}
