/**
 * parquet-wasm, loaded with the first table that is read or written: rows are fetched meanwhile. It is CommonJS, and
 * import, which looks such a file through for its names first, takes twice as long as require.
 */
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

export function loadParquet(): typeof import('parquet-wasm') {
  return load('parquet-wasm') as typeof import('parquet-wasm');
}
