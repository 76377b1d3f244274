/** Bytes on which a program stands still or dies: those that hold the word `deadly`, as bodies of such URLs do. */
import { fileURLToPath } from 'node:url';

const PRELOAD = fileURLToPath(new URL('./deadly-rows.cjs', import.meta.url));

/**
 * For the environment of a program.
 * @param where - in threads beside the first only, or everywhere
 * @param stuckMs - after so long it is ended, in place of half a minute
 */
export function deadlyRows(
  harm: 'none' | 'hang' | 'kill',
  where: 'everywhere' | 'threads',
  stuckMs = 3000,
): Readonly<Record<'NODE_OPTIONS' | 'FLOW_DC_TEST_DEADLY', string>> {
  return { NODE_OPTIONS: `--require ${PRELOAD}`, FLOW_DC_TEST_DEADLY: `${harm} ${where} ${stuckMs}` };
}
