/** Starts a fuzz target in a process of its own, so that a crash, a loop without end or a full heap ends that alone. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TargetName } from './target.ts';

/** An input that takes longer than this beyond the end is one that does not end. */
const GRACE_MS = 60_000;
/** What none of the targets needs; what grows without bound ends here. */
const HEAP_MB = 1_024;

export interface FuzzResult {
  readonly ok: boolean;
  /** All that it printed; the last line says how it went. */
  readonly output: string;
}

/** @param onOutput - told while it runs */
export function startTarget(
  name: TargetName,
  seconds: number,
  seed: number,
  onOutput: (text: string) => void = () => {},
): Promise<FuzzResult> {
  const program = fileURLToPath(new URL('run-target.ts', import.meta.url));
  const args = [`--max-old-space-size=${HEAP_MB}`, '--import', 'tsx', program, name, String(seconds), String(seed)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const take = (text: string): void => {
    output += text;
    onOutput(text);
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  const late = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 + GRACE_MS);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(late);
      if (code !== 0) take(`${name}: ended with ${signal ?? `exit code ${code}`}; --seed ${seed} repeats it\n`);
      resolve({ ok: code === 0, output });
    });
  });
}
