/** The public suffix list, loaded when it is asked for the first time: many runs never do, and it is large. */
import { createRequire } from 'node:module';

type Suffixes = typeof import('tldts');

const load = createRequire(import.meta.url);

export function publicSuffixes(): Suffixes {
  return load('tldts') as Suffixes;
}
