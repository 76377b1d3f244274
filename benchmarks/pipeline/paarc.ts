/**
 * PAARC on real sockets: the built program against hosts in another process, beside the original law and fixed limits.
 *
 *   npx tsx benchmarks/pipeline/paarc.ts [--seconds 20] [--seed 1] [--only SCENARIO|promises] [--report]
 *
 * Every scenario meets every law for so many seconds; then whole runs measure what the law promises. Lines go to
 * benchmarks/results/paarc-real-sockets.jsonl, the tables to RESULTS.md beside it; --report writes the tables anew from
 * the lines. --only tries one part and writes nothing. About 18 minutes.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { ensureBuild } from '../../scripts/build.ts';
import { type Line, reportOf } from './paarc-report.ts';
import { runAgainstHost } from './paarc-run.ts';
import { laws, type Scenario, scenarios } from './paarc-scenarios.ts';
import { measureTargets, urlsOf } from './paarc-targets.ts';

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));
const LINES = join(RESULTS, 'paarc-real-sockets.jsonl');
/** More than any law fetches: the longest run must not run dry. */
const ROWS = 150_000;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    report: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);

if (values.report) await writeReport(await readLines());
else await measureAll();

async function measureAll(): Promise<void> {
  await ensureBuild();
  const folder = await mkdtemp(join(tmpdir(), 'flow-dc-paarc-'));
  const lines: Line[] = [];
  const keep = (line: Line): void => {
    lines.push(line);
    process.stdout.write(`${JSON.stringify(line)}\n`);
  };
  try {
    keep({ kind: 'machine', ...(await machine()), seed, seconds, load: loadavg()[0] as number });
    for (const scenario of scenarios.filter(({ name }) => values.only === undefined || name === values.only)) {
      for (const [law, args] of Object.entries(laws)) keep(await measure(folder, scenario, law, args));
    }
    if (values.only === undefined || values.only === 'promises') {
      for (const target of await measureTargets({ folder, seed }))
        keep({ kind: 'target', load: loadavg()[0] as number, ...target });
    }
    if (values.only !== undefined) return;
    await mkdir(RESULTS, { recursive: true });
    await writeFile(LINES, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await writeReport(lines);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(
  folder: string,
  { name, behaviours, most }: Scenario,
  law: string,
  args: readonly string[],
): Promise<Line> {
  const load = loadavg()[0] as number;
  const urls = urlsOf('host.test', ROWS);
  const run = await runAgainstHost({ folder, seed, rules: [{ behaviours }], urls, args, stopAfterMs: seconds * 1000 });
  const { requests, ok, refused, p95Ms, okPerSecond, cpuSeconds } = run;
  return {
    kind: 'run',
    scenario: name,
    law,
    goodputPerSecond: ok / seconds,
    ofMost: ok / most(seconds),
    refusedPercent: requests === 0 ? 0 : (100 * refused) / requests,
    refused,
    p95Ms,
    cpuSeconds,
    okPerSecond,
    load,
  };
}

async function machine(): Promise<{ at: string; commit: string; node: string; cpu: string; kernel: string }> {
  const git = async (...args: string[]): Promise<string> => (await promisify(execFile)('git', args)).stdout.trim();
  const changed = (await git('status', '--porcelain', '--', 'src')) === '' ? '' : ' with changes in src';
  const commit = `${await git('rev-parse', '--short', 'HEAD')}${changed}`;
  const cores = cpus();
  return {
    at: new Date().toISOString().slice(0, 10),
    commit,
    node: process.version,
    cpu: `${cores.length} x ${cores[0]?.model ?? 'unknown'}`,
    kernel: release(),
  };
}

async function readLines(): Promise<Line[]> {
  const text = await readFile(LINES, 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

async function writeReport(lines: readonly Line[]): Promise<void> {
  await writeFile(join(RESULTS, 'RESULTS.md'), reportOf(lines));
}
