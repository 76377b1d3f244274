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
  // Node opens the files of all modules at once, and one by one what is required.
  if (isShortOfFiles() && import.meta.url.endsWith('.js'))
    nodeModule.createRequire(import.meta.url)('../every-module.js');
  const { main } = await import('./program.ts');
  process.exitCode = await main(process.argv.slice(2));
} else {
  process.stderr.write(`flow-dc: needs Node ${LEAST.join('.')} or newer, and this is ${process.version}\n`);
  process.exitCode = 2;
}
