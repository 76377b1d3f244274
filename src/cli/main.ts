#!/usr/bin/env node
/** The bin: loads the program and runs it. Nothing but Node's own modules is loaded before that. */
import * as nodeModule from 'node:module';
import { isShortOfFiles } from '../open-files.ts';

// What was compiled is kept from run to run, by the releases of Node that can.
(nodeModule as { enableCompileCache?: () => void }).enableCompileCache?.();
// Node opens the files of all modules at once, and one by one what is required.
if (isShortOfFiles() && import.meta.url.endsWith('.js'))
  nodeModule.createRequire(import.meta.url)('../every-module.js');
const { main } = await import('./program.ts');
process.exitCode = await main(process.argv.slice(2));
