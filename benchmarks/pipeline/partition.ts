/**
 * How fast a manifest is counted by host and split into files, and what that takes of memory, through the built
 * package.
 *
 *   npm run build && npx tsx benchmarks/pipeline/partition.ts [--rows 4000000] [--shapes one,zipf,tail] [--files 10,128,400]
 *       [--repeat 3] [--folder DIR] [--keep DIR] [--cores 0]
 *
 * Generates parquet of 6 columns (url, id int64, species, caption, width, taken timestamp), zstd, 100,000 rows per row
 * group: one host; 5,000 hosts by Zipf's law; 500,000 hosts with about as many rows each. The census is the URL column
 * read and counted by a process of its own; a partition is `flow-dc partition`. Beside them, in the same run, the
 * parquet library alone in one thread: the URL column read, and all columns read and written again, with zstd, into one
 * file ("bare"). Rows per second of wall clock depend on what else the machine does; rows per second of processor time
 * (all threads) say what one core can do, best when `--cores 0` ties every child to core 0: threads side by side on the
 * two halves of one core take more of it. Start-up (loading, compiling) is what the same command takes for the first
 * 1,000 rows; it is told by itself and counted in everything else. Peak RSS is the child's own, from /proc (Linux).
 * `--keep DIR` leaves the manifests in DIR and takes them from there the next time: 16 M rows take two minutes to
 * generate. Prints one JSON line, and a table on stderr.
 */
import { spawn } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Data, Int64, makeData, TimestampMillisecond } from 'apache-arrow';
import { int32Column, utf8Column } from '../../src/arrow/columns.ts';
import { writeLargeParquet } from '../../test/support/manifests.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ZIPF_HOSTS = 5000;
const TAIL_HOSTS = 500_000;
const POLL_MS = 50;
/** Of /proc/PID/stat, as Linux has it on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '4000000' },
    shapes: { type: 'string', default: 'one,zipf,tail' },
    files: { type: 'string', default: '10,128,400' },
    repeat: { type: 'string', default: '3' },
    folder: { type: 'string', default: tmpdir() },
    keep: { type: 'string' },
    cores: { type: 'string' },
  },
});
const rows = Number(values.rows);
const shapes = values.shapes.split(',');
const files = values.files.split(',').map(Number);
const repeat = Number(values.repeat);

/** Rows that take no time. */
const FEW_ROWS = 1000;

interface Run {
  readonly what: string;
  readonly shape: string;
  readonly rows: number;
  readonly files: number | null;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly rowsPerSecond: number;
  readonly rowsPerCpuSecond: number;
  readonly peakRssMb: number;
}

const folder = await mkdtemp(join(values.folder, 'flow-dc-partition-'));
try {
  const runs: Run[] = [];
  for (const shape of shapes) {
    const path = await manifest(shape);
    const mb = Math.round((await stat(path)).size / 1e6);
    process.stderr.write(`${shape}: ${rows} rows, ${mb} MB\n`);
    for (const what of ['bare read', 'bare rewrite'] as const)
      for (let i = 0; i < repeat; i++) runs.push(said(await bare(what, shape, path)));
    for (let i = 0; i < repeat; i++) runs.push(said(await census(shape, path, FEW_ROWS)));
    for (let i = 0; i < repeat; i++) runs.push(said(await partition(shape, path, 1, FEW_ROWS)));
    for (let i = 0; i < repeat; i++) runs.push(said(await census(shape, path, rows)));
    for (const n of files) for (let i = 0; i < repeat; i++) runs.push(said(await partition(shape, path, n, rows)));
    if (values.keep === undefined) await rm(path);
  }
  const machine = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    node: process.version,
    pinnedTo: values.cores ?? null,
  };
  process.stdout.write(`${JSON.stringify({ benchmark: 'partition', rows, machine, runs })}\n`);
  process.stderr.write(table(runs));
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function manifest(shape: string): Promise<string> {
  if (values.keep !== undefined) await mkdir(values.keep, { recursive: true });
  const path = join(values.keep ?? folder, `${shape}-${rows}.parquet`);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return path;
  // Under another name until it is whole: who stops the generation must not measure half of it later.
  const draft = `${path}.draft`;
  await writeLargeParquet(draft, rows, { codec: 'ZSTD', rowGroupRows: 100_000 }, (first, count) =>
    columns(shape, first, count),
  );
  await rename(draft, path);
  return path;
}

/** Deterministic in the row number, so that runs of any length have a common beginning. */
function columns(shape: string, first: number, count: number): [string, Data][] {
  const at = Array.from({ length: count }, (_, i) => first + i);
  const ids = BigInt64Array.from(at, (row) => BigInt(row) * 7919n);
  const taken = BigInt64Array.from(at, (row) => 1_700_000_000_000n + BigInt(draw(row, 1)) * 1000n);
  return [
    [
      'url',
      utf8Column(at.map((row) => `https://${hostOf(shape, row)}/photos/${draw(row, 2)}/${row % 97}/original.jpg`)),
    ],
    ['id', makeData({ type: new Int64(), length: count, nullCount: 0, data: ids })],
    ['species', utf8Column(at.map((row) => (draw(row, 3) % 20 === 0 ? null : `Genus species-${draw(row, 4) % 3000}`)))],
    [
      'caption',
      utf8Column(at.map((row) => `a photo of ${draw(row, 5).toString(36)} beside ${draw(row, 6).toString(36)}`)),
    ],
    ['width', int32Column(at.map((row) => 200 + (draw(row, 7) % 4000)))],
    ['taken', makeData({ type: new TimestampMillisecond(), length: count, nullCount: 0, data: taken })],
  ];
}

function hostOf(shape: string, row: number): string {
  if (shape === 'one') return 'photos.example.org';
  if (shape === 'tail') return `h${draw(row, 8) % TAIL_HOSTS}.example.org`;
  // Inverse of the continuous law 1/x: close to Zipf's for ranks above the first few.
  const rank = Math.floor(ZIPF_HOSTS ** (draw(row, 8) / 2 ** 32));
  return `img${rank}.example.org`;
}

/** 32 bits that look random. */
function draw(row: number, salt: number): number {
  let bits = Math.imul(row ^ Math.imul(salt, 0x9e3779b1), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** Whoever stops a long measurement keeps what it has. */
function said(run: Run): Run {
  process.stderr.write(`${JSON.stringify(run)}\n`);
  return run;
}

/** The library alone, in one thread: what no census and no split can be faster than on this machine. */
async function bare(what: 'bare read' | 'bare rewrite', shape: string, path: string): Promise<Run> {
  const code = `
    import { openAsBlob } from 'node:fs';
    import { Compression, ParquetFile, transformParquetStream, WriterPropertiesBuilder } from 'parquet-wasm';
    const file = await ParquetFile.fromFile(await openAsBlob(${JSON.stringify(path)}));
    if (${JSON.stringify(what)} === 'bare read') {
      for await (const batch of await file.stream({ columns: ['url'] })) batch.intoIPCStream();
    } else {
      const properties = new WriterPropertiesBuilder().setCompression(Compression.ZSTD).setMaxRowGroupSize(50_000).build();
      for await (const bytes of await transformParquetStream(await file.stream(), properties)) bytes.length;
    }`;
  return { what, shape, rows, files: null, ...(await measure(['--input-type=module', '-e', code], rows)) };
}

async function census(shape: string, path: string, limitRows: number): Promise<Run> {
  // Not from index.js: half a second of loading is not what is measured here.
  const code = `
    import { HostCensus } from ${JSON.stringify(join(ROOT, 'dist/host/host-census.js'))};
    import { readManifest } from ${JSON.stringify(join(ROOT, 'dist/stages/manifest/read-manifest.js'))};
    const census = new HostCensus();
    const reader = readManifest(${JSON.stringify(path)}, { urlColumn: 'url', columns: [], rowNumbers: false, limitRows: ${limitRows} });
    for await (const batch of reader) census.add(batch.getChild('url').data[0]);
    if (census.rows !== ${limitRows}) throw new Error(census.rows + ' rows');`;
  const measured = await measure(['--input-type=module', '-e', code], limitRows);
  return { what: 'census', shape, rows: limitRows, files: null, ...measured };
}

async function partition(shape: string, path: string, n: number, limitRows: number): Promise<Run> {
  const out = join(folder, 'out');
  const args = ['dist/cli/main.js', 'partition', path, '--url', 'url', '-o', out, '--partitions', `${n}`];
  if (limitRows < rows) args.push('--limit', `${limitRows}`);
  const run = { what: 'partition', shape, rows: limitRows, files: n, ...(await measure(args, limitRows)) };
  await rm(out, { recursive: true });
  return run;
}

type Measured = Pick<Run, 'seconds' | 'cpuSeconds' | 'rowsPerSecond' | 'rowsPerCpuSecond' | 'peakRssMb'>;

async function measure(args: readonly string[], count: number): Promise<Measured> {
  const pinned = values.cores === undefined ? [] : ['taskset', '-c', values.cores];
  const [program, ...rest] = [...pinned, process.execPath, ...args];
  const startedMs = performance.now();
  const child = spawn(program as string, rest, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  let last = { cpuSeconds: 0, peakRssMb: 0 };
  const poll = setInterval(async () => {
    const now = await lookAt(child.pid as number);
    if (now !== undefined) last = now;
  }, POLL_MS);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(poll);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${said}`);
  const seconds = (performance.now() - startedMs) / 1000;
  const { cpuSeconds, peakRssMb } = last;
  return {
    seconds: Math.round(seconds * 100) / 100,
    cpuSeconds,
    rowsPerSecond: Math.round(count / seconds),
    rowsPerCpuSecond: Math.round(count / cpuSeconds),
    peakRssMb,
  };
}

/** Undefined once the process has ended. */
async function lookAt(pid: number): Promise<{ cpuSeconds: number; peakRssMb: number } | undefined> {
  const [status, times] = await Promise.all(
    ['status', 'stat'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
  );
  const peak = /^VmHWM:\s+(\d+) kB/m.exec(status as string)?.[1];
  // utime and stime are fields 14 and 15; the name in field 2 may hold spaces.
  const fields = (times as string).slice((times as string).lastIndexOf(')') + 2).split(' ');
  if (peak === undefined || fields.length < 13) return undefined;
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    peakRssMb: Math.round(Number(peak) / 1000),
  };
}

function table(runs: readonly Run[]): string {
  const groups = new Map<string, Run[]>();
  for (const run of runs) {
    const what = run.rows < rows ? `start of ${run.what}` : `${run.what}${run.files === null ? '' : ` N=${run.files}`}`;
    const key = `${run.shape} ${what}`;
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const cells: readonly [digits: number, of: (run: Run) => number][] = [
    [1, ({ seconds }) => seconds],
    [1, ({ cpuSeconds }) => cpuSeconds],
    [2, ({ rowsPerSecond }) => rowsPerSecond / 1e6],
    [2, ({ rowsPerCpuSecond }) => rowsPerCpuSecond / 1e6],
    [0, ({ peakRssMb }) => peakRssMb],
  ];
  const lines = [...groups].map(
    ([key, same]) => `| ${[key, ...cells.map(([digits, of]) => range(same.map(of), digits))].join(' | ')} |`,
  );
  return [
    '| run | seconds | of processor time | M rows/s | M rows/s of processor time | peak RSS, MB |',
    '|---|---|---|---|---|---|',
    ...lines,
    '',
  ].join('\n');
}

/** Median, and from lowest to highest. */
function range(numbers: readonly number[], digits: number): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [low, middle, high] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map((n) =>
    (n as number).toFixed(digits),
  );
  return low === high ? `${middle}` : `${middle} (${low} to ${high})`;
}
