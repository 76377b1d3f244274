/** This package's version, as in package.json. */
import { readFileSync } from 'node:fs';

const manifest: { version: string } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** This package's version, as in package.json. */
export const VERSION = manifest.version;
