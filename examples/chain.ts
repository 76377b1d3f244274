/**
 * The whole chain as four stages in a pipeline of your own.
 *
 *   npx tsx examples/chain.ts photos.parquet dataset
 *
 * Every stage is a Node stream, so anything can stand between two of them. CONNECT_TO (as curl's --connect-to) points
 * the downloads at another server, for trying it out.
 */
import { pipeline } from 'node:stream/promises';
import { fetchUnits, partitionByHost, readManifest, tarSink } from 'flow-dc';

const [manifest, out] = process.argv.slice(2);
if (manifest === undefined || out === undefined) throw new Error('usage: chain.ts MANIFEST OUT');
const connectTo = process.env.CONNECT_TO;

const fetched = fetchUnits({
  concurrentDownloads: 200,
  connectTo: connectTo === undefined ? [] : [connectTo],
});
await pipeline(readManifest(manifest), partitionByHost(), fetched, tarSink(out));

const { rowsFetched, rowsFailed, bytes } = fetched.stats();
console.log(`${rowsFetched} rows in ${out} (${bytes} bytes), ${rowsFailed} failed`);
