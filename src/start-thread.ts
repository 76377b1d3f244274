/** A module as a thread, from the built package or, while developing, from the sources. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

/**
 * Start a module as a thread, from the built package or, while developing, from the sources: Node 20 cannot load
 * TypeScript by itself, so there the thread registers tsx first.
 * @param entry - of the source file, `new URL('./name.ts', import.meta.url)`
 * @param data - its `workerData`
 */
export function startThread(entry: URL, data?: unknown): Worker {
  // Without the program's own options: under `node --input-type=module -e` a thread could not even load its file.
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL(entry.href.replace(/\.ts$/, '.js')), { execArgv: [], workerData: data });
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'));
  const loader = new URL('./dist/esm/api/index.mjs', tsx).href;
  const code =
    `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return ` +
    `import(${JSON.stringify(entry.href)}); });`;
  return new Worker(code, { eval: true, workerData: data });
}
