/** Finish a dataset whose units are all committed. */
import { basename } from 'node:path';
import { type Data, DataType, Field, type RecordBatch, Schema, Vector } from 'apache-arrow';
import { schemaBatch, utf8Column } from '../../arrow/columns.ts';
import { takeRows } from '../../arrow/take.ts';
import { textColumn } from '../../arrow/text.ts';
import type { Destination } from '../../destination/destination.ts';
import { METADATA_FILE } from '../../destination/folder-layout.ts';
import type { Artifact, UnitRecord } from '../../record.ts';
import { readRoles } from '../../unit-rows.ts';
import { readable } from '../data-table.ts';
import { columnOf, decodeParquet, streamParquet } from '../parquet-file.ts';
import { TotalsSum } from '../totals.ts';
import { isContainer, isTable } from '../unit-files.ts';
import { CHECKSUMS_FILE, Checksums } from './checksums.ts';
import {
  type ClassOrder,
  type ClassSummary,
  classesCsv,
  classesJson,
  type FoundClasses,
  findClasses,
} from './classes.ts';
import { datasetCard } from './dataset-card.ts';
import { ENERGON_FILES, type EnergonShard, energonFiles } from './energon.ts';
import { MediaSeen } from './media-seen.ts';
import { HostsSeen, type OneHostShards, oneHostLine } from './one-host.ts';
import { overviewJson, type SealInfo } from './overview.ts';
import { CARD_FILE, hasOwnersCard } from './put-card.ts';
import { storeRecipes } from './store-recipes.ts';

/** The dataset's sums. */
export const OVERVIEW_FILE = 'overview.json';
/** The file whose presence says that every unit is committed. Written last. */
export const SUCCESS_FILE = '_SUCCESS';
/** What sealing may put beside the shards. */
export const SEAL_FILES: readonly string[] = [
  ...[OVERVIEW_FILE, 'index.json', 'sizes.json', 'classes.json', 'classes.csv', CARD_FILE],
  ...[...ENERGON_FILES, CHECKSUMS_FILE, SUCCESS_FILE],
];

/** What sealing remembers of a record. */
interface SealedShard {
  readonly unit: string;
  readonly stored: number;
  /** The tar archive, or the list of loose files. */
  readonly container: string | undefined;
  readonly containerBytes: number;
  readonly containerSum: string;
  /** The outcome table. */
  readonly table: Artifact | undefined;
}

/** A finished dataset. */
export interface Sealed {
  /** Names of what was written beside the shards. */
  readonly files: readonly string[];
  readonly found: SealFindings;
}

/** What was found while a dataset was finished. */
export interface SealFindings {
  /** Absent without labels. */
  readonly classes: ClassSummary | undefined;
  /** Absent where hosts are mixed enough, or it does not matter: of what is no webdataset. */
  readonly oneHost: OneHostShards | undefined;
}

/**
 * Finish a dataset whose units are all committed: summaries, the index for random access, the card, for loose files the
 * table that names them, and the sums of all files. Repeating it overwrites with the same content. Memory: about 400
 * bytes per shard, and one unit.
 * @param records - every record once, in any order
 * @returns what was written beside the shards, and what was found
 * Errors: those of the destination.
 */
export async function sealDataset(
  destination: Destination,
  records: AsyncIterable<UnitRecord>,
  info: SealInfo,
): Promise<Sealed> {
  const written: string[] = [CHECKSUMS_FILE];
  const sum = new TotalsSum();
  const shards: SealedShard[] = [];
  const sums = new Checksums();
  const media = new MediaSeen(info.imageExtensions);
  const hosts = new HostsSeen();
  const put = (name: string, content: string | AsyncIterable<Uint8Array>): Promise<void> => {
    written.push(name);
    return destination.putFile(name, sums.of(name, content));
  };
  for await (const record of records) {
    sum.add(record);
    shards.push(sealedShard(record));
    media.add(record);
    hosts.add(record);
    for (const { name, sha256 } of record.artifacts) sums.add(name, sha256);
  }
  const totals = sum.read();
  shards.sort((a, b) => (a.unit < b.unit ? -1 : 1));

  if (info.createOverview) await put(OVERVIEW_FILE, overviewJson(totals, info, destination.name));
  const isWebdataset = info.createTar && info.outputFormat === 'webdataset';
  // wids reads neither archives of folders nor compressed ones.
  if (isWebdataset && !info.compressTar) await put('index.json', shardIndex(shards));
  if (isWebdataset) await put('sizes.json', shardSizes(shards));
  if (!info.createTar && shards.length > 0) await put(METADATA_FILE, looseMetadata(destination, shards));
  const oneHost = isWebdataset ? hosts.found(info.settings.mix === true) : undefined;
  const notes = oneHost === undefined ? info.notes : [...info.notes, oneHostLine(oneHost)];
  const classes = await classesOf(destination, shards, info);
  if (classes?.count !== undefined) {
    await put('classes.json', classesJson(classes.classes));
    await put('classes.csv', classesCsv(classes.classes));
  }
  if (info.energon === true) {
    const { schema, cls } = info;
    const sample = { schema, cls, extensions: media.extensions() };
    for (const [name, content] of energonFiles(energonShards(shards), sample)) await put(name, content);
  }
  const recipes = recipesOf(destination.name, shards, info);
  const form = { ...info, notes, imageExtensions: media.extensions() };
  if (!(await hasOwnersCard(destination)))
    await put(CARD_FILE, datasetCard(totals, form, destination.name, recipes, classes));
  // Read from within the folder that the file lies in, which of loose files is the one beside them.
  const beside = info.createTar ? '' : `../${basename(destination.name)}/`;
  await destination.putFile(
    CHECKSUMS_FILE,
    sums.text((name) => (name === METADATA_FILE ? beside + name : name)),
  );
  // What waits for it must not take a run without a single sample for a dataset.
  if (totals.fetched > 0) await destination.putFile(SUCCESS_FILE, '');
  return { files: written.sort(), found: { classes: classes && summaryOf(classes), oneHost } };
}

/** Without the classes themselves. */
function summaryOf({ count, empty, unread }: FoundClasses): ClassSummary {
  return { count, empty, unread };
}

/** Nothing without labels. */
async function classesOf(
  destination: Destination,
  shards: readonly SealedShard[],
  { schema, createTar, outputFormat, classes: known, nullLabel }: SealInfo,
): Promise<FoundClasses | undefined> {
  if (readRoles(schema).label === undefined) return undefined;
  const order: ClassOrder = { inFolders: !createTar || outputFormat === 'imagefolder', known, nullLabel };
  const tables = shards.flatMap(({ table }) => table ?? []);
  return findClasses(destination, tables, order);
}

function sealedShard({ unit, stored, artifacts }: UnitRecord): SealedShard {
  const container = artifacts.find(({ name }) => isContainer(name));
  const table = artifacts.find(({ name }) => isTable(name));
  return {
    unit,
    stored,
    container: container?.name,
    containerBytes: container?.bytes ?? 0,
    containerSum: container?.sha256 ?? '',
    table,
  };
}

/** Shards without samples are left out: its loader refuses them. */
function energonShards(shards: readonly SealedShard[]): EnergonShard[] {
  return shards.flatMap(({ container, stored, containerSum }) =>
    stored === 0 || container === undefined ? [] : [{ name: container, samples: stored, sha256: containerSum }],
  );
}

/** Where shards can be read from, other than a disk. */
function recipesOf(name: string, shards: readonly SealedShard[], { createTar, settings }: SealInfo): readonly string[] {
  if (!createTar) return [];
  const endpoint = typeof settings.s3_endpoint === 'string' ? settings.s3_endpoint : undefined;
  return storeRecipes(
    name,
    shards.flatMap(({ container }) => container ?? []),
    endpoint,
  );
}

/** webdataset's index for random access ("wids", version 1). Shards without samples are left out. */
function shardIndex(shards: readonly SealedShard[]): string {
  const filled = shards.filter((shard) => shard.stored > 0 && shard.container !== undefined);
  const shardlist = filled.map(({ container, stored, containerBytes }) => ({
    url: container,
    nsamples: stored,
    filesize: containerBytes,
  }));
  return `${JSON.stringify({ __kind__: 'wids-shard-index-v1', wids_version: 1, shardlist }, undefined, 1)}\n`;
}

/** Samples by archive, also of those without any: open_clip looks up each one that it is given. */
function shardSizes(shards: readonly SealedShard[]): string {
  const sizes = shards.flatMap(({ container, stored }) => (container === undefined ? [] : [[container, stored]]));
  return `${JSON.stringify(Object.fromEntries(sizes), undefined, 1)}\n`;
}

/**
 * metadata.parquet of loose files: one row per stored sample, `file_name` first as the imagefolder loader wants it,
 * then the outcome columns. Reads one unit's table at a time.
 */
function looseMetadata(destination: Destination, shards: readonly SealedShard[]): AsyncIterable<Uint8Array> {
  return streamParquet(storedRows(destination, shards));
}

async function* storedRows(destination: Destination, shards: readonly SealedShard[]): AsyncGenerator<RecordBatch> {
  for (const { table } of shards) {
    if (table === undefined) continue;
    const batches = decodeParquet(await destination.readFile(table.name));
    const picks = { batches: [] as number[], rows: [] as number[] };
    batches.forEach((batch, index) => {
      textColumn(columnOf(batch, 'name')).forEach((path, row) => {
        if (path === null) return;
        picks.batches.push(index);
        picks.rows.push(row);
      });
    });
    if (batches.length > 0) yield fileNameFirst(asTheHubReads(takeRows(batches, picks)));
  }
}

/** As Hugging Face can read them there: no maps, and integers that no int64 holds as digits. */
function asTheHubReads(batch: RecordBatch): RecordBatch {
  const columns = batch.data.children.map((data) => {
    const isTooLarge = DataType.isInt(data.type) && data.type.bitWidth === 64 && !data.type.isSigned;
    return isTooLarge ? utf8Column(Array.from(new Vector([data]), (value) => value?.toString())) : readable(data);
  });
  const fields = batch.schema.fields.map(
    ({ name, nullable }, at) => new Field(name, (columns[at] as Data).type, nullable),
  );
  return schemaBatch(new Schema(fields), batch.numRows, columns);
}

function fileNameFirst(batch: RecordBatch): RecordBatch {
  const { fields } = batch.schema;
  const name = fields.findIndex((field) => field.name === 'name');
  const fileName = new Field('file_name', (fields[name] as Field).type, true);
  const others = <T>(list: readonly T[]): T[] => list.filter((_, index) => index !== name);
  const schema = new Schema([fileName, ...others(fields)]);
  return schemaBatch(schema, batch.numRows, [columnOf(batch, 'name'), ...others(batch.data.children)]);
}
