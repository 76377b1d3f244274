/** One dataset for each manifest and mode, made in this process by the real sinks and sealed. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { ClassNumbers } from '../../src/dataset/class-numbers.ts';
import { img2datasetJsonWriter } from '../../src/dataset/img2dataset-sample.ts';
import { DEFAULT_RULES, publisher } from '../../src/dataset/published.ts';
import { sampleJsonWriter } from '../../src/dataset/sample-json.ts';
import { unfinishedCard } from '../../src/dataset/seal/dataset-card.ts';
import type { SealInfo } from '../../src/dataset/seal/overview.ts';
import { putCard } from '../../src/dataset/seal/put-card.ts';
import { sealDataset } from '../../src/dataset/seal/seal-dataset.ts';
import { totalOf } from '../../src/dataset/totals.ts';
import { drawJpeg, padJpeg } from '../../src/demo-hosts/jpeg-and-gif.ts';
import { drawPng, drawWebp, padPng, padWebp } from '../../src/demo-hosts/png-and-webp.ts';
import { FolderDestination } from '../../src/destination/folder-destination.ts';
import { createLocalCommitter } from '../../src/job/local-committer.ts';
import { folderSink } from '../../src/stages/sink/folder-sink.ts';
import { tarSink } from '../../src/stages/sink/tar-sink.ts';
import { resultOf, type TestResult, type TestUnit, type UnitShape, unitOf } from '../support/sink-units.ts';
import { MANIFESTS, ROWS } from './manifests.ts';
import { MODE_NAMES, MODES, type Mode, type ModeName } from './modes.ts';

export interface LoaderDataset {
  readonly manifest: string;
  readonly mode: ModeName;
  readonly folder: string;
  /** Where its outcome tables are. */
  readonly tables: string;
  readonly rows: number;
  /** Fetched rows, with what their KEY.json says, as text: integers may be larger than a number here. */
  readonly samples: readonly string[];
}

/** A JPEG, a PNG and a WebP in turn, no two of them alike; every fifth row is lost. */
function results(unit: TestUnit): TestResult[] {
  return unit.decoded.map(({ index, row }) => {
    if (index % 5 === 4)
      return resultOf(unit, index, { status: 'failed', code: 'http_404', message: 'HTTP status 404' });
    const [width, height] = [index === 0 ? 520 : 16 + 8 * (index % 3), 24];
    const shade = (square: number): number => (square % 7) / 7;
    const filler = Buffer.from(`row ${row}`);
    const [extension, contentType, body] = (
      [
        ['jpg', 'image/jpeg', padJpeg(drawJpeg(width, height, shade), filler)],
        ['png', 'image/png', padPng(drawPng(width, height, shade), filler)],
        ['webp', 'image/webp', padWebp(drawWebp(width, height, shade), filler)],
      ] as const
    )[index % 3] as readonly [string, string, Buffer];
    return resultOf(unit, index, { body, extension, contentType, width, height });
  });
}

/** All of them, below a folder. */
export async function makeDatasets(folder: string): Promise<LoaderDataset[]> {
  const made: LoaderDataset[] = [];
  for (const mode of MODE_NAMES)
    for (const manifest of Object.keys(MANIFESTS))
      made.push(await makeDataset(join(folder, `${mode} of ${manifest}`.replaceAll(/\W+/g, '-')), manifest, mode));
  return made;
}

/** @param manifest - one of MANIFESTS */
export async function makeDataset(folder: string, manifest: string, mode: ModeName): Promise<LoaderDataset> {
  const shape = MANIFESTS[manifest] as (unit: number) => UnitShape;
  const { outputFormat, createTar = true, compressTar = false, compat, unfinished, unpacked }: Mode = MODES[mode];
  const destination = new FolderDestination(folder, { layout: createTar ? 'shards' : 'files' });
  const numbers = new ClassNumbers({ known: [], publish: (label) => label });
  const units = [unitOf(shape(0)), unitOf(shape(1))].map((unit) => ({ ...unit, batch: numbers.addTo(unit.batch) }));
  const settled = units.map(results);
  const sink = createTar ? tarSink(destination, { compressTar, outputFormat, compat }) : folderSink(destination);
  await pipeline(Readable.from(settled.flat()), sink);
  const records = () => createLocalCommitter(destination.stateFolder).records();
  const info: SealInfo = {
    ...{ version: '1', createTar, compressTar, outputFormat, createOverview: true, imageExtensions: ['jpg'] },
    ...{ cls: true, classes: [], nullLabel: 'output' },
    ...{ schema: (units[0] as TestUnit).batch.schema, inputs: [], settings: {}, notes: [] },
    ...{ startedAtMs: 0, sealedAtMs: 1, elapsedMs: 1, interrupted: false, compat },
  };
  if (unfinished === true) await putCard(destination, unfinishedCard(await totalOf(records()), info, folder, 1000));
  else await sealDataset(destination, records(), info);
  const samples = settled.flatMap((ended, at) => samplesOf(units[at] as TestUnit, ended, compat));
  const tables = createTar ? folder : destination.stateFolder;
  const base = { manifest, mode, tables, rows: 2 * ROWS, samples };
  return { ...base, folder: unpacked === true ? await unpack(folder) : folder };
}

function samplesOf(unit: TestUnit, ended: readonly TestResult[], compat: Mode['compat']): string[] {
  const { batch, shard } = unit;
  const write =
    compat === undefined ? sampleJsonWriter(batch) : img2datasetJsonWriter(shard, batch, publisher(DEFAULT_RULES));
  return ended.flatMap((result) => {
    if (result.status !== 'fetched') return [];
    const sha256 = createHash('sha256')
      .update(result.body as Buffer)
      .digest('hex');
    const { caption, label } = result.row;
    const start = JSON.stringify({ sha256, caption, label }).slice(0, -1);
    return [`${start},"json":${write(result, sha256).toString()}}`];
  });
}

/** As the card says. */
async function unpack(folder: string): Promise<string> {
  const images = `${folder}-images`;
  await mkdir(images);
  const script = 'for f in "$0"/*.tar; do tar -xf "$f" -C "$1"; done';
  await promisify(execFile)('sh', ['-c', script, folder, images]);
  return images;
}
