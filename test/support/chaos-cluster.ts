/** Processes of a chaos run, and the account of what it left behind. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { UnitRecord } from '../../src/record.ts';
import type { ChaosPlan } from './chaos-process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Inside the project, so that nothing that is bundled has to be found anew. */
const BUNDLE = join(ROOT, 'node_modules', '.cache', 'flow-dc-chaos', `program-${process.pid}.mjs`);
/** Some bundled packages are CommonJS and ask for node's modules at run time. */
const REQUIRE = "import{createRequire as from}from'node:module';const require=from(import.meta.url);";

/**
 * Bundle the program, once per test file: a run starts dozens of processes, and each costs a fifth of what a loader
 * takes.
 */
export async function bundleChaosProgram(): Promise<void> {
  const options = [
    '--bundle',
    '--platform=node',
    '--format=esm',
    '--target=node20',
    '--log-level=error',
    `--banner:js=${REQUIRE}`,
  ];
  const source = join(ROOT, 'test', 'support', 'chaos-process.ts');
  await promisify(execFile)(join(ROOT, 'node_modules', '.bin', 'esbuild'), [source, ...options, `--outfile=${BUNDLE}`]);
}

export async function removeChaosProgram(): Promise<void> {
  await rm(BUNDLE, { force: true });
}

/** A process of a run; its output is kept. */
export interface ChaosChild {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  output(): string;
}

/** @param env - further environment, such as credentials */
export function startChaosProcess(plan: ChaosPlan, env: Readonly<Record<string, string>> = {}): ChaosChild {
  const child = spawn(process.execPath, [BUNDLE, JSON.stringify(plan)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return { child, ended: once(child, 'close').then(() => {}), output: () => said };
}

export interface ChaosAccount {
  /** Rows that are in more than one place, and rows that are nowhere. */
  readonly twice: readonly number[];
  readonly missing: readonly number[];
  /** Files whose bytes are not those of their record, or that no record names. */
  readonly wrongFiles: readonly string[];
}

/** Read everything a run left in its folder and compare with what should be there. */
export async function takeAccount(out: string, records: readonly UnitRecord[], rows: number): Promise<ChaosAccount> {
  const counts = new Map<number, number>();
  const wrongFiles: string[] = [];
  const artifacts = new Map(
    records.flatMap((record) => record.artifacts.map((artifact) => [artifact.name, artifact.sha256] as const)),
  );
  for (const name of (await readdir(out)).filter((file) => file.endsWith('.txt'))) {
    const content = await readFile(join(out, name));
    if (createHash('sha256').update(content).digest('hex') !== artifacts.get(name)) wrongFiles.push(name);
    for (const line of content.toString().trim().split('\n'))
      counts.set(Number(line), (counts.get(Number(line)) ?? 0) + 1);
  }
  const all = Array.from({ length: rows }, (_, row) => row);
  return {
    twice: all.filter((row) => (counts.get(row) ?? 0) > 1),
    missing: all.filter((row) => !counts.has(row)),
    wrongFiles,
  };
}
