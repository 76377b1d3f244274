/**
 * What a slow sink does to memory, and how soon the first sample is on disk.
 *
 *   npx tsx benchmarks/pipeline/backpressure.ts [--seconds 20] [--rows 2000000]
 *
 * Manifests of several row-group sizes are written to a temporary folder, then each is run twice against an origin on
 * the loopback interface: through the library into a sink that takes 1 MB/s, for so many seconds, and through the
 * command line until the first sample is in a staged shard. Prints one JSON line per run; peak RSS is the child's own.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startDemoHosts } from '../../src/demo-hosts/start-demo-hosts.ts';
import { urlColumns, writeLargeParquet } from '../../test/support/manifests.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '20' }, rows: { type: 'string', default: '2000000' } },
});
const seconds = Number(values.seconds);
const rows = Number(values.rows);

const CASES = [
  { name: 'row groups of 128 k', rows, rowGroupRows: 128_000 },
  { name: 'row groups of 1 M', rows, rowGroupRows: 1_000_000 },
  { name: 'one row group of 4 M', rows: 2 * rows, rowGroupRows: 4_000_000 },
] as const;

const folder = await mkdtemp(join(tmpdir(), 'flow-dc-backpressure-'));
const origin = await startDemoHosts({ meanBytes: 100_000 });
try {
  for (const { name, rows: total, rowGroupRows } of CASES) {
    const manifest = join(folder, `${rowGroupRows}.parquet`);
    await writeLargeParquet(manifest, total, { rowGroupRows, codec: 'ZSTD' }, httpColumns);
    const { size } = await stat(manifest);
    const slow = await slowSink(manifest);
    const firstSampleMs = await firstSample(manifest, join(folder, `out-${rowGroupRows}`));
    process.stdout.write(
      `${JSON.stringify({ case: name, rows: total, manifestBytes: size, seconds, ...slow, firstSampleMs })}\n`,
    );
  }
} finally {
  await origin.close();
  await rm(folder, { recursive: true, force: true });
}

function httpColumns(first: number, count: number): ReturnType<typeof urlColumns> {
  return urlColumns(first, count, 'http');
}

/** A child of its own, so that its RSS is its own. */
async function slowSink(manifest: string): Promise<object> {
  const script = join(ROOT, 'benchmarks', 'pipeline', 'slow-sink.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, manifest, origin.connectTo, String(seconds)], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of child.stdout) text += chunk;
  return JSON.parse(text) as object;
}

/** From the start of the process to the first body in a staged tar. */
async function firstSample(manifest: string, out: string): Promise<number> {
  const startMs = performance.now();
  const args = [
    'dist/cli/main.js',
    'download',
    manifest,
    '-o',
    out,
    '--connect-to',
    origin.connectTo,
    '--progress',
    'off',
  ];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'ignore' });
  try {
    for (;;) {
      if (await hasBytes(join(out, '.flow-dc', 'staging'))) return Math.round(performance.now() - startMs);
      if (child.exitCode !== null) throw new Error(`download ended with ${child.exitCode}`);
      await wait(10);
    }
  } finally {
    child.kill('SIGKILL');
  }
}

async function hasBytes(staging: string): Promise<boolean> {
  const units = await readdir(staging).catch(() => []);
  for (const unit of units) {
    for (const file of await readdir(join(staging, unit)).catch(() => [])) {
      const { size } = await stat(join(staging, unit, file)).catch(() => ({ size: 0 }));
      if (size > 1024) return true;
    }
  }
  return false;
}
