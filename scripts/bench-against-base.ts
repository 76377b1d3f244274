/** Prints how fast this is beside an earlier commit, for people who read CI's output; whatever happens, it never fails. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './run-step.ts';

/** Two rounds of each build on small bodies: enough to see a large change, short enough for every run. */
const ROUNDS = ['--bodies', '10k', '--rows', '4000', '--rounds', '2'];
/** The newest commit that is so much older than this one: what was there before the present series of changes. */
const OLDER_S = 6 * 3600;

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

function baseCommit(): string {
  const named = process.env.FLOW_DC_BENCH_BASE;
  if (named !== undefined && named !== '') return git('rev-parse', named);
  const before = Number(git('log', '-1', '--format=%ct')) - OLDER_S;
  return git('rev-list', '-1', `--before=${before}`, 'HEAD');
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status } = spawnSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
}

function compare(folder: string): void {
  const base = baseCommit();
  if (base === '') throw new Error('there is no earlier commit here');
  process.stdout.write(`speed of this beside ${base.slice(0, 7)} (${git('log', '-1', '--format=%s', base)}):\n`);
  const archive = join(folder, 'base.tar');
  git('archive', '-o', archive, base);
  run('tar', ['xf', archive, '-C', folder], folder);
  const [lockOfBase, lock] = [folder, ROOT].map((root) => readFileSync(join(root, 'package-lock.json')));
  if (lock?.equals(lockOfBase as Buffer)) symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  else run('npm', ['ci', '--silent', '--no-audit', '--no-fund'], folder);
  const tsx = join(ROOT, 'node_modules', '.bin', 'tsx');
  run(tsx, ['scripts/build.ts'], folder);
  run(tsx, ['scripts/build.ts', '--if-stale'], ROOT);
  run('npm', ['run', '--silent', 'bench', '--', '--compare', join(folder, 'dist'), ...ROUNDS], ROOT);
}

const folder = mkdtempSync(join(tmpdir(), 'flow-dc-base-'));
try {
  compare(folder);
} catch (error) {
  process.stdout.write(`notice: no comparison with an earlier commit: ${(error as Error).message}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
