/**
 * Write what derives from src/config/schema.ts: `npx tsx scripts/generate-config.ts`. With --check nothing is written,
 * the files that differ are named, and the exit code is 1 when there are any.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publishedSchema } from '../src/config/schema.ts';
import { emitDocs } from './generate-config/emit-docs.ts';
import { emitHosts } from './generate-config/emit-hosts.ts';
import { emitMan } from './generate-config/emit-man.ts';
import { emitPaarc } from './generate-config/emit-paarc.ts';
import { emitTypes } from './generate-config/emit-types.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Path below the project's root, and the text that belongs there. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  return new Map<string, string>([
    ...emitTypes(),
    ['src/paarc/settings.ts', emitPaarc()],
    ['config.schema.json', `${JSON.stringify(publishedSchema(), null, 2)}\n`],
    ['docs/config.md', emitDocs()],
    ['docs/hosts.md', emitHosts()],
    ...(await emitMan()),
  ]);
}

/** Paths of generated files that are missing or differ from the schema. */
export async function driftedFiles(root = ROOT): Promise<string[]> {
  const drifted: string[] = [];
  for (const [path, text] of await generatedFiles()) {
    if ((await contentOf(join(root, path))) !== text) drifted.push(path);
  }
  return drifted;
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--check')) {
    const drifted = await driftedFiles();
    for (const path of drifted)
      process.stderr.write(`${path} differs from the schema; run npx tsx scripts/generate-config.ts\n`);
    return drifted.length === 0 ? 0 : 1;
  }
  for (const [path, text] of await generatedFiles()) {
    await mkdir(dirname(join(ROOT, path)), { recursive: true });
    await writeFile(join(ROOT, path), text);
  }
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
