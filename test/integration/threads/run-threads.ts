/** A download whose threads start at once, as a program of its own: prints what came of it. */
import type { Config } from '../../../src/config/types.ts';
import type { CrewPace } from '../../../src/threads/crew.ts';
import { AT_ONCE, runThreaded } from '../../support/threaded-run.ts';

const [keys = '{}', pace = '{}'] = process.argv.slice(2);
const result = await runThreaded(JSON.parse(keys) as Config, {
  ...AT_ONCE,
  ...(JSON.parse(pace) as Partial<CrewPace>),
});
process.stdout.write(`${JSON.stringify(result)}\n`);
