/**
 * parquet-wasm, loaded with the first table that is read or written: rows are fetched meanwhile. It is CommonJS, and
 * import, which looks such a file through for its names first, takes twice as long as require.
 */
import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { memoryError } from './address-space.ts';

const load = createRequire(import.meta.url);

/**
 * V8 compiles a function of WebAssembly anew, and better, once it has run for so long: roughly bytes of code. The tables
 * of a job keep hundreds of functions busy for a moment each. With V8's own number, 300 ms of processor time went into
 * them in the first 20,000 rows, which were not earned back in 300,000. Measured.
 */
const BUDGET = 100_000_000;
/** V8's own number from Node 22 on, for whatever else is loaded. */
const USUAL_BUDGET = 13_000_000;

type Parquet = typeof import('parquet-wasm');

let parquet: Parquet | undefined;

/** Errors: FDC_ERR_MEMORY. */
export function loadParquet(): Parquet {
  if (parquet !== undefined) return parquet;
  setFlagsFromString(`--wasm-tiering-budget=${BUDGET}`);
  // Of its thousands of functions few are ever called: the others need not be looked at.
  setFlagsFromString('--wasm-lazy-validation');
  try {
    parquet = load('parquet-wasm') as Parquet;
  } catch (error) {
    throw memoryError(error);
  } finally {
    setFlagsFromString(`--wasm-tiering-budget=${USUAL_BUDGET}`);
    setFlagsFromString('--no-wasm-lazy-validation');
  }
  return parquet;
}
