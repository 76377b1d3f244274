/** Publint and arethetypeswrong on the packed tarball. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runStep } from './run-step.ts';

/** Pack what npm would publish and let publint and arethetypeswrong look at the tarball itself. */
async function checkPackage(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'flow-dc-pack-'));
  try {
    // Without scripts: prepack would build a second time.
    if (!(await step('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder]))) return false;
    const [name] = await readdir(folder);
    if (name === undefined) throw new Error('npm pack wrote no tarball');
    const tarball = join(folder, name);
    const published = await step('publint', ['run', tarball, '--strict']);
    const typed = await step('attw', [tarball, '--profile', 'esm-only', '--no-emoji', '--format', 'ascii']);
    return published && typed;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function step(command: string, args: readonly string[]): Promise<boolean> {
  const result = await runStep(command, args);
  if (!result.ok) process.stdout.write(`${command} ${args.join(' ')}\n${result.output}`);
  return result.ok;
}

process.exitCode = (await checkPackage()) ? 0 : 1;
