/**
 * The chain with shards that go straight into an object store, as they are filled.
 *
 *   AWS_PROFILE=lab npx tsx examples/into-a-store.ts photos.parquet s3://bucket/photos
 *
 * No lock is taken: see to it that one process at a time writes there, or use runJob. CONNECT_TO as in chain.ts.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  createStoreCommitter,
  fetchUnits,
  openObjectStore,
  partitionByHost,
  readManifest,
  StoreDestination,
  tarSink,
} from 'flow-dc';

const [manifest, out] = process.argv.slice(2);
if (manifest === undefined || out === undefined) throw new Error('usage: into-a-store.ts MANIFEST s3://BUCKET/PREFIX');
const connectTo = process.env.CONNECT_TO;

const store = await openObjectStore(out);
const localFolder = await mkdtemp(join(tmpdir(), 'into-a-store-'));
try {
  const destination = new StoreDestination(store, { localFolder });
  const committer = createStoreCommitter(destination.area.state);
  const fetched = fetchUnits({
    spillFolder: destination.spillFolder,
    connectTo: connectTo === undefined ? [] : [connectTo],
  });
  await pipeline(readManifest(manifest), partitionByHost(), fetched, tarSink(destination, { committer }));
  const { rowsFetched, rowsFailed } = fetched.stats();
  console.log(`${rowsFetched} rows in ${out}, ${rowsFailed} failed`);
} finally {
  await store.close();
  await rm(localFolder, { recursive: true, force: true });
}
