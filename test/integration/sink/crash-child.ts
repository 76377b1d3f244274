/** Writes three units and dies by SIGKILL at a step of the second one's commit. Arguments: folder, layout, step. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FolderDestination } from '../../../src/destination/folder-destination.ts';
import type { FolderLayout } from '../../../src/destination/folder-layout.ts';
import { folderSink } from '../../../src/stages/sink/folder-sink.ts';
import { tarSink } from '../../../src/stages/sink/tar-sink.ts';
import { resultsOf, unitOf } from '../../support/sink-units.ts';

const [folder = '', layout, step] = process.argv.slice(2);
const units = [0, 1, 2].map((index) => unitOf({ index, rows: 20, firstRow: index * 20, labels: Array(20).fill('a') }));
const destination = new FolderDestination(folder, {
  layout: layout as FolderLayout,
  onStep: (reached, unit) => {
    if (reached === step && unit === units[1]?.id) process.kill(process.pid, 'SIGKILL');
  },
});
const sink = layout === 'shards' ? tarSink(destination) : folderSink(destination);
await pipeline(Readable.from(units.flatMap((unit) => resultsOf(unit))), sink);
