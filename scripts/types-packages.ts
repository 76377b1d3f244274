/** Types of Node, and an older compiler, that the packed package is compiled against; kept beside our node_modules. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT, runStep } from './run-step.ts';

const CACHE = join(ROOT, 'node_modules', '.cache', 'flow-dc-types');

/** Pinned but for the newest, which is looked for again in every run: that is what users will have. */
const PACKAGES = {
  'node 20': '@types/node@20.19.43',
  'node 22': '@types/node@22.20.5',
  'node 24': '@types/node@24.19.4',
  'node latest': '@types/node@latest',
  'typescript 5': 'typescript@5.9.3',
} as const;

export type TypesPackage = keyof typeof PACKAGES;

export const TYPES_PACKAGES = Object.keys(PACKAGES) as TypesPackage[];

/** Part of what is printed when tests are skipped for the lack of them. */
export const HOW_TO_GET_TYPES = 'npm installs them into its own folder where it reaches its registry.';

/** The node_modules that holds the package, if an earlier run installed it. */
export function findTypes(name: TypesPackage): string | undefined {
  const modules = join(folderOf(name), 'node_modules');
  return existsSync(join(modules, packageName(name), 'package.json')) ? modules : undefined;
}

/** Find it, or install it; undefined where that does not work. */
export async function obtainTypes(name: TypesPackage): Promise<string | undefined> {
  const found = findTypes(name);
  if (found !== undefined && !PACKAGES[name].endsWith('@latest')) return found;
  await mkdir(folderOf(name), { recursive: true });
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-save', '--silent'];
  await runStep('npm', ['install', '--prefix', folderOf(name), ...quiet, PACKAGES[name]]);
  return findTypes(name);
}

function folderOf(name: TypesPackage): string {
  return join(CACHE, name.replace(' ', '-'));
}

function packageName(name: TypesPackage): string {
  return PACKAGES[name].replace(/(.)@.*$/, '$1');
}
