/** A module as a thread, from the built package or, while developing, from the sources. */
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { isShortOfFiles } from './open-files.ts';

/**
 * Start a module as a thread, from the built package or, while developing, from the sources: Node 20 cannot load
 * TypeScript by itself, so there the thread registers tsx first.
 * @param entry - of the source file, `new URL('./name.ts', import.meta.url)`
 * @param data - its `workerData`
 */
export function startThread(entry: URL, data?: unknown): Worker {
  const isBuilt = !import.meta.url.endsWith('.ts');
  // Required, its modules are read one by one; as a module, all at once.
  if (isBuilt && isShortOfFiles())
    return new Worker(`require(${JSON.stringify(fileURLToPath(builtEntry(entry)))})`, {
      eval: true,
      execArgv: [],
      workerData: data,
    });
  // Without the program's own options: under `node --input-type=module -e` a thread could not even load its file.
  if (isBuilt) return new Worker(builtEntry(entry), { execArgv: [], workerData: data });
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'));
  const loader = new URL('./dist/esm/api/index.mjs', tsx).href;
  const code =
    `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return ` +
    `import(${JSON.stringify(entry.href)}); });`;
  return new Worker(code, { eval: true, workerData: data });
}

function builtEntry(entry: URL): URL {
  return new URL(entry.href.replace(/\.ts$/, '.js'));
}
