/** Set-up of every test file: properties draw from the seeds of test/support/seeds.ts, not from the clock. */
import fc from 'fast-check';
import { isSoak, SEED } from './seeds.ts';

fc.configureGlobal({ seed: SEED, numRuns: isSoak ? 1000 : 100 });
