/** What is written on this machine has a path; a URL there would become a folder named `s3:`. */
import { visible } from '../visible.ts';
import { withoutSecrets } from '../without-secrets.ts';
import type { CommandName } from './schema/key.ts';

/** What begins as a URL does, also with a slash too few after a store's scheme. */
const URL_START = /^([a-z][a-z0-9+.-]*:\/\/|(s3|s3a|s3n|gs|gcs|file|https?):)/i;

export function isUrl(value: unknown): value is string {
  return typeof value === 'string' && URL_START.test(value);
}

/** What is wrong with a value of a key that names something on this machine, or undefined. */
export function localProblem(key: string, value: unknown, command?: CommandName): string | undefined {
  if (!isUrl(value)) return undefined;
  const what = command === 'partition' && key === 'output' ? 'a folder of this machine for partition' : LOCAL;
  if (/^file:/i.test(value)) return `${key}: expected ${what}, a path without file:`;
  return `${key}: expected ${what}, got ${said(value)}; only the output of download and submit may be a store`;
}

const LOCAL = 'a file of this machine';

export function said(url: string): string {
  return JSON.stringify(visible(withoutSecrets(url)));
}
