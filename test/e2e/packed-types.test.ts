import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTypes, TYPES_PACKAGES, type TypesPackage } from '../../scripts/types-packages.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MODULES = join(ROOT, 'node_modules');
const run = promisify(execFile);

/** Everything that the package exports, so that every one of its type files is looked into. */
const WHOLE = `import * as all from 'flow-dc';
import * as paarc from 'flow-dc/paarc';
export const fetched = all.fetchRows<{ readonly u: string }>({ url: (row) => row.u });
export const everything = { all, limit: paarc.PaarcLimit };
`;

let packed = '';

beforeAll(async () => {
  packed = await mkdtemp(join(tmpdir(), 'flow-dc-test-packed-'));
  await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', packed], { cwd: ROOT });
  const [tarball = ''] = await readdir(packed);
  await run('tar', ['-xzf', join(packed, tarball), '-C', packed]);
});

afterAll(() => rm(packed, { recursive: true, force: true }));

/** A user's project with the packed package, its dependencies, and the types of Node that are asked for. */
async function project(types: string, options: object): Promise<string> {
  const folder = join(await tempFolder(), 'project');
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, '@types'), { recursive: true });
  await cp(join(packed, 'package'), join(modules, 'flow-dc'), { recursive: true });
  await symlink(join(types, '@types', 'node'), join(modules, '@types', 'node'));
  await symlink(join(types, 'undici-types'), join(modules, 'undici-types'));
  const { dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Readonly<Record<string, string>>;
  };
  for (const name of new Set(Object.keys(dependencies).map((key) => key.split('/')[0] as string)))
    await symlink(join(MODULES, name), join(modules, name));
  const compilerOptions = {
    target: 'ES2023',
    lib: ['ES2023'],
    types: ['node'],
    strict: true,
    noEmit: true,
    ...options,
  };
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  await writeFile(join(folder, 'whole.ts'), WHOLE);
  return folder;
}

async function problems(compiler: string, folder: string): Promise<string> {
  return run(process.execPath, [compiler, '-p', folder]).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );
}

describe('Types of the packed package', () => {
  it.for(TYPES_PACKAGES.filter((name) => name.startsWith('node')))(
    'and the examples compile with the types of %s',
    { skip: TYPES_PACKAGES.some((name) => findTypes(name) === undefined) },
    async (name) => {
      const types = findTypes(name) as string;
      const strictest = { module: 'nodenext', exactOptionalPropertyTypes: true, skipLibCheck: false };
      const folder = await project(types, strictest);
      for (const example of ['chain.ts', 'own-rows.ts', 'into-a-store.ts'])
        await cp(join(packed, 'package', 'examples', example), join(folder, example));
      expect(await problems(join(MODULES, 'typescript', 'bin', 'tsc'), folder)).toBe('');
    },
  );

  const [newest, old] = (['node latest', 'typescript 5'] satisfies TypesPackage[]).map((name) => findTypes(name));
  it.skipIf(newest === undefined || old === undefined)('are found by moduleResolution node10 as well', async () => {
    const folder = await project(newest as string, {
      module: 'esnext',
      moduleResolution: 'node10',
      skipLibCheck: true,
    });
    expect(await problems(join(old as string, 'typescript', 'bin', 'tsc'), folder)).toBe('');
  });
});
