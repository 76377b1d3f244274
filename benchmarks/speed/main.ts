/** `npm run bench`: how fast flow-dc is, beside what is possible on this machine and beside others. */
import { rmSync } from 'node:fs';
import { appendFile, chmod, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ensureBuild } from '../../scripts/build.ts';
import { ROOT } from '../../scripts/run-step.ts';
import { runMicro } from '../micro/run.ts';
import { drawBodies } from './bodies.ts';
import { BASE, BRANCH, comparisonOf, pairsOf } from './compare.ts';
import type { Contender } from './contender.ts';
import { flowDcContenders } from './flow-dc.ts';
import { type Line, machineLine, type RunLine } from './line.ts';
import { compileLoops, loops } from './loops.ts';
import { type BenchOptions, environmentNotes, HELP, RESULTS, readOptions, UsageError } from './options.ts';
import { startSpeedOrigin } from './origin.ts';
import { peers } from './peers.ts';
import { reportOf } from './report.ts';
import { runRounds } from './rounds.ts';
import { startBenchStore } from './store.ts';
import { laionHosts, makeWorkload } from './workload.ts';

const LINES = 'speed.jsonl';
const REPORT = 'SPEED.md';

/** Whatever happens, nothing stays behind; servers and children watch for the same event. */
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.once(signal, () => process.exit(code));

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}

async function main(options: BenchOptions): Promise<void> {
  if (options.help) return say(HELP);
  if (options.micro !== undefined) return runMicro(options.micro);
  if (options.report) return writeReport(options.out ?? RESULTS, await readLines(options.out ?? RESULTS));
  await ensureBuild();
  const compiled = await compileLoops();
  removeAtExit(compiled);
  const contenders = await contendersOf(options, compiled);
  if (options.list) {
    say(`${contenders.map(({ name, scenes }) => `${name} (${scenes.join(', ')})`).join('\n')}\n`);
    return say(
      environmentNotes()
        .map((note) => `missing: ${note}\n`)
        .join(''),
    );
  }
  const lines = await measureAll(options, contenders, compiled);
  const runs = lines.filter((line): line is RunLine => line.kind === 'run');
  if (options.compare !== undefined) say(comparisonOf(runs));
  else if (options.out === undefined) say(reportOf(lines));
  else await writeReport(options.out, lines);
  // Slowness is no failure; a contender that did not do the work in any round is one.
  const failed = contenders.filter(({ name }) => {
    const own = runs.filter(({ contender }) => contender === name);
    return own.length > 0 && own.every(({ invalid }) => invalid !== undefined);
  });
  for (const { name } of failed) process.stderr.write(`${name}: no run counts\n`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

async function contendersOf(options: BenchOptions, compiled: string): Promise<Contender[]> {
  const all = await allContenders(options, compiled);
  const { only } = options;
  const unknown = only.find((part) => !all.some(({ name }) => name.includes(part)));
  if (unknown !== undefined) throw new UsageError(`--only: no contender has ${unknown} in its name; see --list`);
  return all.filter(
    ({ name, kind }) => kind === 'floor' || only.length === 0 || only.some((part) => name.includes(part)),
  );
}

async function allContenders(options: BenchOptions, compiled: string): Promise<Contender[]> {
  const { concurrency, threads, compare } = options;
  const dist = join(ROOT, 'dist');
  if (compare === undefined) {
    const store = await startBenchStore(options.folder);
    const own = await flowDcContenders({ dist, prefix: 'flow-dc', concurrency, threads, store });
    return [...loops(compiled, concurrency, threads), ...own, ...peers(concurrency)];
  }
  const builds = [
    [BASE, resolve(compare)],
    [BRANCH, dist],
  ] as const;
  const [base = [], branch = []] = await Promise.all(
    builds.map(([prefix, folder]) => flowDcContenders({ dist: folder, prefix, concurrency, threads })),
  );
  return pairsOf(base, branch);
}

async function measureAll(options: BenchOptions, contenders: readonly Contender[], compiled: string): Promise<Line[]> {
  const folder = await mkdtemp(join(options.folder, 'flow-dc-speed-'));
  removeAtExit(folder);
  // nginx drops its rights, and must get at the pictures all the same.
  await chmod(folder, 0o755);
  const sizes = new Map<string, readonly number[]>();
  for (const body of options.bodies) sizes.set(body, await drawBodies(join(folder, 'www'), body));
  const tlsHosts = options.scenes.includes('tls-hosts') ? await laionHosts() : [];
  const origin = await startSpeedOrigin(folder, options.origin, compiled, tlsHosts);
  const lines: Line[] = [];
  const keep = async (line: Line): Promise<void> => {
    lines.push(line);
    if (line.kind === 'run') process.stderr.write(`${progressOf(line)}\n`);
    if (options.out !== undefined) await appendFile(join(options.out, LINES), `${JSON.stringify(line)}\n`);
  };
  try {
    if (options.out !== undefined) {
      await mkdir(options.out, { recursive: true });
      await writeFile(join(options.out, LINES), '');
    }
    await keep(await machineLine(origin.name, options));
    for (const [scene, body] of cellsOf(options)) {
      const workload = await makeWorkload(folder, scene, body, sizes.get(body) ?? [], origin, options.rows);
      await runRounds(workload, contenders, { ...options, folder, onLine: keep });
    }
  } finally {
    await origin.stop();
  }
  return lines;
}

/** One host with bodies of every size; what is special about the other scenes does not depend on the size. */
function cellsOf({ scenes, bodies }: BenchOptions) {
  return scenes.flatMap((scene) =>
    (scene === 'one' ? bodies : bodies.slice(0, 1)).map((body) => [scene, body] as const),
  );
}

function progressOf({ workload, round, contender, invalid, seconds, rowsPerSecond, cpuMsPerRow }: RunLine): string {
  const outcome =
    invalid ?? `${seconds} s, ${Math.round(rowsPerSecond)} rows/s, ${cpuMsPerRow} ms of processor time per row`;
  return `${workload.scene}/${workload.body} round ${round}, ${contender}: ${outcome}`;
}

async function readLines(folder: string): Promise<Line[]> {
  const text = await readFile(join(folder, LINES), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

async function writeReport(folder: string, lines: readonly Line[]): Promise<void> {
  await writeFile(join(folder, REPORT), reportOf(lines));
  say(`${join(folder, REPORT)}\n`);
}

function removeAtExit(folder: string): void {
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
}

function say(text: string): void {
  process.stdout.write(text);
}
