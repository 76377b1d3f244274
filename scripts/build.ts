/** Builds the package: src becomes dist. */
import { chmod, cp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleProgram } from './bundle.ts';
import { ROOT, runStep } from './run-step.ts';

const DIST = join(ROOT, 'dist');
const INPUTS = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package.json'];

/**
 * Compile src into dist. The old folder is replaced in one rename at the end, so that nobody meets half a build and
 * deleted sources leave nothing behind.
 */
export async function build(): Promise<void> {
  // Beside node_modules' packages: ignored by git, and on the same file system as dist.
  const fresh = join(ROOT, 'node_modules', `.flow-dc-build-${process.pid}`);
  const startedAt = new Date();
  try {
    const result = await runStep('tsc', ['-p', 'tsconfig.build.json', '--outDir', fresh]);
    if (!result.ok) throw new Error(`the build failed:\n${result.output}`);
    await copyAssets(fresh);
    await bundleProgram(fresh, await dependencies());
    await chmod(join(fresh, 'cli', 'main.js'), 0o755).catch(ignoreMissing);
    // The folder's own time says which state of the sources it was made from.
    await utimes(fresh, startedAt, startedAt);
    await rm(DIST, { recursive: true, force: true });
    await rename(fresh, DIST);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function dependencies(): Promise<string[]> {
  const { dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  return Object.keys(dependencies);
}

/** What the program reads as it is: everything in src that the compiler leaves alone. */
async function copyAssets(target: string): Promise<void> {
  const entries = await readdir(join(ROOT, 'src'), { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile() || entry.name.endsWith('.ts')) continue;
    const path = join(entry.parentPath, entry.name);
    await cp(path, join(target, relative(join(ROOT, 'src'), path)));
  }
}

/** Build unless dist is newer than every source. Returns whether it had to build. */
export async function ensureBuild(): Promise<boolean> {
  const built = await stat(DIST).catch(() => undefined);
  if (built !== undefined && built.mtimeMs >= (await newestMtimeMs())) return false;
  await build();
  return true;
}

/** Folders count too: a deleted file moves only its folder's time. */
async function newestMtimeMs(): Promise<number> {
  const times = INPUTS.map(async (input) => {
    const path = join(ROOT, input);
    const info = await stat(path);
    const below = info.isDirectory() ? await readdir(path, { recursive: true }) : [];
    const stats = await Promise.all(below.map((name) => stat(join(path, name))));
    return Math.max(info.mtimeMs, ...stats.map((entry) => entry.mtimeMs));
  });
  return Math.max(...(await Promise.all(times)));
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** `tsx scripts/build.ts [--if-stale]` */
async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--if-stale')) await ensureBuild();
  else await build();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2));
