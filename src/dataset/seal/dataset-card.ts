/** README.md of a dataset, which the Hugging Face hub reads. */
import { basename } from 'node:path';
import { count } from '../../format.ts';
import { isTransient, type RowCode } from '../../row-codes.ts';
import { readRoles } from '../../unit-rows.ts';
import type { RecordTotals } from '../totals.ts';
import { webdatasetFeatures } from './card-features.ts';
import { type FoundClasses, lackLines } from './classes.ts';
import { percent, type SealInfo, textOf } from './overview.ts';
import { OURS } from './put-card.ts';

/** The outcome tables of all shards, and nothing else. */
const TABLES = '[0-9]*.parquet';
/** The parquet files with the samples in them, and nothing else. */
const DATA_FILES = 'data-*.parquet';

/**
 * README.md, which the Hugging Face hub reads as the dataset's card. Without its `configs` the hub's loader would
 * choose between the tars and the outcome tables by counting files.
 */
export function datasetCard(
  totals: RecordTotals,
  info: SealInfo,
  name: string,
  recipes: readonly string[],
  classes?: FoundClasses,
): string {
  return card(totals, info, name, { recipes, classes });
}

/**
 * The same while the dataset is being made, or after a run that was stopped.
 * @param expectedRows - of the manifest, where that is known
 * @param isAgain - every row has its outcome, and some are fetched again
 */
export function unfinishedCard(
  totals: RecordTotals,
  info: SealInfo,
  name: string,
  expectedRows?: number,
  isAgain = false,
): string {
  const of = expectedRows === undefined ? '' : ` of ${count(expectedRows)}`;
  const what = isAgain ? 'rows are being fetched again' : `${count(totals.rows)}${of} rows are settled`;
  const state = [
    `**Unfinished: ${what}**, as of ${new Date(info.sealedAtMs).toISOString()}. What is ` +
      'here is whole: every shard that has its table beside it. The other rows are in none, `overview.json` and ' +
      '`SHA256SUMS` come at the end, and so does `_SUCCESS`. To go on: `flow-dc resume`.',
    '',
  ];
  return card(totals, info, name, { state });
}

interface CardParts {
  readonly state?: readonly string[];
  readonly recipes?: readonly string[];
  readonly classes?: FoundClasses | undefined;
}

function card(
  totals: RecordTotals,
  info: SealInfo,
  name: string,
  { state = [], recipes = [], classes }: CardParts,
): string {
  return [
    ...head(info, classes),
    `# ${basename(name)}`,
    '',
    ...state,
    `${totals.fetched} ${totals.fetched === 1 ? 'sample' : 'samples'} (${(totals.bytes / 1e6).toFixed(1)} MB) of ${totals.rows} URLs, ` +
      `${percent(totals.fetched, totals.rows)} %. ${layoutText(info)}`,
    '',
    ...['## How it is read', '', ...howToRead(info), ''],
    ...recipes,
    ...classLines(info, classes),
    ...provenance(info),
    ...losses(totals),
    ...(info.notes.length > 0 ? ['## Notes', '', ...info.notes.map((note) => `- ${note}`), ''] : []),
    '## Rights',
    '',
    'The bytes are kept as their hosts served them. Who may use them, and for what, is decided by the owners; ' +
      'columns of the',
    'manifest about licences and authors are carried in the outcome tables.',
    '',
    OURS,
    '',
  ].join('\n');
}

/** Files and types for the hub and its loader. */
function head(info: SealInfo, classes: FoundClasses | undefined): string[] {
  const { createTar, outputFormat, compressTar, schema, imageExtensions } = info;
  const config = (name: string, files: string): string[] => [
    ...['configs:', `- config_name: ${name}`, `  data_files: ${JSON.stringify(files)}`],
  ];
  // Files in folders are described by metadata.parquet, which has types of its own.
  if (!createTar) return ['---', ...config('default', '**'), '---', ''];
  if (outputFormat === 'imagefolder') return ['---', ...config('outcomes', TABLES), '---', ''];
  // They have types of their own.
  if (outputFormat === 'parquet') return ['---', ...config('default', DATA_FILES), '---', ''];
  // While it is being made their names are not known.
  const unnamed = readRoles(schema).label === undefined ? undefined : [];
  const names = info.cls ? (classes?.classes.map(({ label }) => label) ?? unnamed) : undefined;
  const features = webdatasetFeatures(schema, imageExtensions, names, info.compat);
  return ['---', ...config('default', compressTar ? '*.tar.gz' : '*.tar'), ...features, '---', ''];
}

function howToRead({ compat, createTar, outputFormat, compressTar, imageExtensions }: SealInfo): string[] {
  const tables =
    `The outcome tables: \`SELECT status, ${compat === undefined ? 'code' : 'error_message'}, count(*) FROM ` +
    `'${TABLES}' GROUP BY ALL\` in DuckDB; polars, pandas and pyarrow take the same names.` +
    (compat === undefined ? '' : ` Files and columns are named as ${compat} names them; \`flow_dc_*\` are ours.`);
  if (!createTar)
    return [
      'torchvision and timm open the folder as it is, a class per folder. Hugging Face: ' +
        '`load_dataset("imagefolder", data_dir=THIS_FOLDER)`; the columns come from `metadata.parquet`.',
    ];
  if (outputFormat === 'imagefolder')
    return [
      'The archives hold a folder per label, which no loader opens inside a tar: unpack them first, ' +
        '`mkdir images && for f in *.tar*; do tar -xf "$f" -C images; done`, and give `images` to torchvision, timm or ' +
        '`load_dataset("imagefolder", data_dir="images")`. `load_dataset(THIS_FOLDER)` gives the outcome tables.',
      ...['', tables],
    ];
  if (outputFormat === 'parquet')
    return [
      'Hugging Face: `load_dataset(THIS_FOLDER)`. DuckDB, polars, pandas, pyarrow and Spark read ' +
        `\`${DATA_FILES}\`, whose first column has the bytes of every sample and its path; columns that are not asked ` +
        'for are not read.',
      ...['', tables],
    ];
  return [
    'Hugging Face: `load_dataset(THIS_FOLDER)`; the types of all fields are in the head of this file. webdataset: ' +
      `\`WebDataset(sorted(glob("*.tar${compressTar ? '.gz' : ''}")))\`.` +
      (compressTar ? ' Compressed archives cannot be read at random, so there is no index of them.' : ''),
    ...mixedText(imageExtensions),
    ...['', tables],
  ];
}

/** Where one field does not hold all samples. */
function mixedText(extensions: readonly string[]): string[] {
  if (extensions.length < 2) return [];
  const fields = extensions.map((name) => `\`${name}\``).join(', ');
  return [
    '',
    `A sample has one of the fields ${fields}, by its type; the others are empty. In webdataset: ` +
      `\`to_tuple("${extensions.join(';')}", "json")\`.`,
  ];
}

function layoutText(info: SealInfo): string {
  if (!info.createTar) return 'Files lie in a folder per label; `metadata.parquet` describes them.';
  if (info.outputFormat === 'parquet')
    return (
      'Every file `data-NNNNNN.parquet` holds the samples of a shard, bytes and columns; `NNNNNN.parquet` beside it ' +
      'accounts for every row, also those not fetched.'
    );
  const inside =
    info.outputFormat === 'webdataset'
      ? 'a body, a `.json` and, with captions, a `.txt` per sample'
      : 'a folder per label';
  const name = info.compat === undefined ? 'NNNNNN' : 'NNNNN';
  return (
    `Every shard \`${name}.tar${info.compressTar ? '.gz' : ''}\` holds ${inside}; \`${name}.parquet\` beside it ` +
    'accounts for every row, also those not fetched.'
  );
}

/** What is to be known before training on labels. */
function classLines({ createTar, outputFormat, cls }: SealInfo, found: FoundClasses | undefined): string[] {
  if (found === undefined) return [];
  const number =
    !createTar || outputFormat === 'imagefolder'
      ? 'the number that loaders give the folder, by name'
      : cls && outputFormat === 'webdataset'
        ? '`KEY.cls`, -1 where a row has no label'
        : 'by first appearance in the manifest';
  const lines =
    found.count === undefined
      ? ['There are too many labels to be numbered; those beyond the first ones have the number -1.']
      : [`${count(found.count)} classes, in \`classes.json\` and \`classes.csv\`; the number is ${number}.`];
  return ['## Classes', '', ...lines, ...lackLines(found), ''];
}

function provenance(info: SealInfo): string[] {
  return [
    '## Provenance',
    '',
    `- fetched by flow-dc ${info.version}, ${day(info.startedAtMs)} to ${day(info.sealedAtMs)}`,
    ...info.inputs.map(({ name, identity }) => `- manifest \`${basename(name)}\` (${identity})`),
    '',
  ];
}

function losses({ errors }: RecordTotals): string[] {
  const rows = Object.entries(errors).map(([code, rows]) => {
    return `| ${code} | ${rows} | ${isTransient(code as RowCode) ? 'yes' : 'no'} | ${textOf(code)} |`;
  });
  return [
    '## What was not fetched',
    '',
    ...(rows.length === 0
      ? ['Nothing: every row was fetched.']
      : ['| code | rows | worth a retry | meaning |', '|---|---|---|---|', ...rows]),
    '',
  ];
}

function day(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10);
}
