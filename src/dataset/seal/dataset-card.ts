/** README.md of a dataset, which the Hugging Face hub reads. */
import { basename } from 'node:path';
import { isTransient, type RowCode } from '../../row-codes.ts';
import type { RecordTotals } from '../totals.ts';
import { percent, type SealInfo, textOf } from './overview.ts';

/**
 * README.md, which the Hugging Face hub reads as the dataset's card. Without its `configs` the hub's loader would
 * choose between the tars and the outcome tables by counting files.
 */
export function datasetCard(
  totals: RecordTotals,
  info: SealInfo,
  dataset: { readonly name: string; readonly dataFiles: string; readonly recipes: readonly string[] },
): string {
  return [
    ...['---', 'configs:', '- config_name: default', `  data_files: ${JSON.stringify(dataset.dataFiles)}`, '---', ''],
    `# ${basename(dataset.name)}`,
    '',
    `${totals.stored} samples (${(totals.bytes / 1e6).toFixed(1)} MB) of ${totals.rows} URLs, ` +
      `${percent(totals.stored, totals.rows)} %. ${layoutText(info)}`,
    '',
    ...dataset.recipes,
    ...provenance(info),
    ...counts(totals),
    ...(info.notes.length > 0 ? ['## Notes', '', ...info.notes.map((note) => `- ${note}`), ''] : []),
    '## Rights',
    '',
    'The bytes are kept as their hosts served them. Who may use them, and for what, is decided by the owners; ' +
      'columns of the',
    'manifest about licences and authors are carried in the outcome tables.',
    '',
  ].join('\n');
}

function layoutText(info: SealInfo): string {
  if (!info.createTar) return 'Files lie in a folder per label; `metadata.parquet` describes them.';
  const inside =
    info.outputFormat === 'webdataset'
      ? 'a body, a `.json` and, with captions, a `.txt` per sample'
      : 'a folder per label';
  return (
    `Every shard \`NNNNNN.tar\` holds ${inside}; \`NNNNNN.parquet\` beside it accounts for every row, also those ` +
    'not stored.'
  );
}

function provenance(info: SealInfo): string[] {
  return [
    '## Provenance',
    '',
    `- made by flow-dc ${info.version}, ${day(info.startedAtMs)} to ${day(info.sealedAtMs)}`,
    ...info.inputs.map(({ name, identity }) => `- manifest \`${basename(name)}\` (${identity})`),
    '',
  ];
}

function counts({ errors }: RecordTotals): string[] {
  const rows = Object.entries(errors).map(([code, count]) => {
    return `| ${code} | ${count} | ${isTransient(code as RowCode) ? 'yes' : 'no'} | ${textOf(code)} |`;
  });
  return [
    '## What was not stored',
    '',
    ...(rows.length === 0
      ? ['Nothing: every row was stored.']
      : ['| code | rows | worth a retry | meaning |', '|---|---|---|---|', ...rows]),
    '',
  ];
}

function day(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10);
}
