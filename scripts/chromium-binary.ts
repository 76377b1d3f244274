/** Finds the browser that tests of the report page run in. */
import { findChromium } from '../test/support/browser.ts';
import { installInCi } from './debian-package.ts';

/**
 * A browser for the tests of the HTML report. Where CI runs as root on a Debian it is installed (some 300 MB, 30 to 60
 * s); anywhere else it is used if it is there. @returns its path
 */
export async function obtainChromium(): Promise<string | undefined> {
  const found = findChromium();
  if (found !== undefined || !(await installInCi('chromium'))) return found;
  return findChromium();
}
