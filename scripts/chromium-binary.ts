/** Finds the browser that tests of the report page run in. */
import { findChromium } from '../test/support/browser.ts';
import { runStep } from './run-step.ts';

/**
 * A browser for the tests of the HTML report. Where CI runs as root on a Debian it is installed (some 300 MB, 30 to 60
 * s); anywhere else it is used if it is there. @returns its path
 */
export async function obtainChromium(): Promise<string | undefined> {
  const found = findChromium();
  if (found !== undefined || process.env.CI !== 'true' || process.getuid?.() !== 0) return found;
  const { ok, seconds, output } = await runStep('apt-get', ['install', '-y', '--no-install-recommends', 'chromium']);
  const reason = ok ? '' : `: ${output.trimEnd().split('\n').at(-1)}`;
  process.stdout.write(
    `${ok ? 'installed chromium' : 'could not install chromium'} in ${seconds.toFixed(1)} s${reason}\n`,
  );
  return findChromium();
}
