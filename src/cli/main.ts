#!/usr/bin/env node
/** The bin: tells an old Node so in one line, else loads the program and runs it. Before that only ours are loaded. */
import * as nodeModule from 'node:module';
import { isShortOfFiles } from '../open-files.ts';

/** As in package.json. */
const LEAST = [20, 19] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) {
  // What was compiled is kept from run to run, by the releases of Node that can.
  (nodeModule as { enableCompileCache?: () => void }).enableCompileCache?.();
  const isBuilt = import.meta.url.endsWith('.js');
  const isShort = isShortOfFiles();
  // Node opens the files of all modules at once, and one by one what is required.
  if (isShort && isBuilt) nodeModule.createRequire(import.meta.url)('../every-module.js');
  // A build has the program in few files too: see scripts/bundle.ts.
  const bundle = new URL('../program/program.js', import.meta.url).href;
  const { main } =
    isBuilt && !isShort ? ((await import(bundle)) as typeof import('./program.ts')) : await import('./program.ts');
  process.exitCode = await main(process.argv.slice(2));
} else {
  process.stderr.write(`flow-dc: needs Node ${LEAST.join('.')} or newer, and this is ${process.version}\n`);
  process.exitCode = 2;
}
