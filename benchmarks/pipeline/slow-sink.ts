/** The child of backpressure.ts: the chain into a sink that takes 1 MB/s. Prints one JSON object. */
import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import {
  type CustomSink,
  createSink,
  type FetchResult,
  fetchUnits,
  partitionByHost,
  readManifest,
} from '../../src/index.ts';

const SINK_BYTES_PER_SECOND = 1_000_000;
const [manifest, connectTo, seconds] = process.argv.slice(2) as [string, string, string];

let taken = 0;
let turn = Promise.resolve();
let peakRssBytes = 0;
const halfTime = { rssBytes: 0 };
const startMs = performance.now();

const slow: CustomSink = {
  open: async (unit) => ({
    write: ({ bytes }: FetchResult) => {
      taken += bytes;
      turn = turn.then(() => wait((bytes / SINK_BYTES_PER_SECOND) * 1000));
      return turn;
    },
    commit: async () => ({
      unit: unit.id,
      token: createHash('sha256').update(unit.id).digest('hex').slice(0, 16),
      worker: 'benchmark',
      rows: unit.rows,
      stored: unit.rows,
      failed: 0,
      skipped: 0,
      bytes: 0,
      artifacts: [],
      errors: {},
      committedAtMs: 0,
    }),
    abort: async () => {},
  }),
};

const watch = setInterval(() => {
  const { rss } = process.memoryUsage();
  peakRssBytes = Math.max(peakRssBytes, rss);
  if (performance.now() - startMs < Number(seconds) * 500) halfTime.rssBytes = Math.max(halfTime.rssBytes, rss);
}, 50);
const reader = readManifest(manifest);
const partitioner = partitionByHost();
const fetched = fetchUnits({ connectTo: [connectTo], bodyRelease: 'by-sink' });
const stop = AbortSignal.timeout(Number(seconds) * 1000);
await pipeline(reader, partitioner, fetched, createSink(slow), { signal: stop }).catch((error: Error) => {
  if (!stop.aborted) throw error;
});
clearInterval(watch);
process.stdout.write(
  JSON.stringify({
    peakRssMb: Math.round(peakRssBytes / 1e6),
    firstHalfPeakRssMb: Math.round(halfTime.rssBytes / 1e6),
    rowsRead: reader.stats().rows,
    unitsCut: partitioner.stats().units,
    rowsFetched: fetched.stats().rowsFetched,
    sinkMbPerSecond: Number((taken / 1e6 / Number(seconds)).toFixed(2)),
  }),
);
process.exit(0);
