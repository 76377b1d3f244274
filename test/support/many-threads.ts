/** Makes a program start its threads although it is not busy, says what each did, and lets one come to harm. */
import { fileURLToPath } from 'node:url';

/** What happens to the first thread after some rows. */
export type Harm = 'none' | 'exit' | 'throw' | 'hang';

const PRELOAD = fileURLToPath(new URL('./many-threads.cjs', import.meta.url));

/** For the environment of a program. */
export function manyThreads(harm: Harm = 'none', afterRows = 40): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--require ${PRELOAD}`, FLOW_DC_TEST_HARM: `${harm} ${afterRows}` };
}

/** Rows that threads beside the first have had, as they said on stderr when they ended. */
export function rowsByThread(stderr: string): number[] {
  return [...stderr.matchAll(/\[thread \d+: (\d+) rows\]/g)].map(([, rows]) => Number(rows));
}
