/** Runs one step of build, check or test. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface StepResult {
  readonly ok: boolean;
  readonly output: string;
  readonly seconds: number;
}

/**
 * Run a program in the project root with node_modules/.bin first on PATH; stdout and stderr are collected in order of
 * arrival.
 */
export function runStep(command: string, args: readonly string[]): Promise<StepResult> {
  const startMs = performance.now();
  const env = { ...process.env, PATH: `${ROOT}node_modules/.bin:${process.env.PATH ?? ''}`, NO_COLOR: '1' };
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    const end = (ok: boolean, extra = '') => {
      const output = Buffer.concat(chunks).toString('utf8') + extra;
      resolve({ ok, output, seconds: (performance.now() - startMs) / 1000 });
    };
    child.once('error', (error) => end(false, `${command}: ${error.message}\n`));
    child.once('close', (code, signal) => end(code === 0, signal === null ? '' : `${command}: killed by ${signal}\n`));
  });
}

/** Run a program with our own stdout; resolves its exit code, 1 when a signal ended it. */
export function runThrough(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(ROOT, 'node_modules', '.bin', command), args, { cwd: ROOT, stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** What was said since it was last asked, lines. */
const notes: string[] = [];

/** Say a line for people that must not stand between those of a step that prints meanwhile. */
export function note(line: string): void {
  notes.push(line);
}

export function takeNotes(): string[] {
  return notes.splice(0);
}

/** One line per step; the collected output only when the step failed. */
export function reportStep(name: string, result: StepResult): void {
  process.stdout.write(`${result.ok ? 'ok  ' : 'FAIL'} ${name.padEnd(16)} ${result.seconds.toFixed(1)} s\n`);
  if (!result.ok) process.stdout.write(`${result.output.trimEnd()}\n`);
}
