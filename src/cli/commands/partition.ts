/** Partition: a manifest is split into files that keep hosts together. */
import { resolveConfig } from '../../config/resolve.ts';
import type { Config } from '../../config/types.ts';
import { STDOUT_NAME } from '../../destination/stream-destination.ts';
import { FlowDcError } from '../../errors.ts';
import { byteSize, count } from '../../format.ts';
// Not from index.ts: what else the package has would take longer to load than a small manifest to split.
import { partitionManifest } from '../../split/partition-manifest.ts';
import type { PartitionSummary } from '../../split/two-passes.ts';
import { commandConfig, requireManifest } from '../args/command-config.ts';
import { defineCommand } from '../args/define-command.ts';
import { type CliIo, EXIT, writeLines } from '../terminal/process.ts';

/** `partition`: split a manifest into files. */
export const partitionCommand = defineCommand({
  name: 'partition',
  summary:
    'Split a manifest into files of about equal length that keep the rows of a host together; larger hosts are ' +
    'spread over several files. All columns stay, and a column with the host is added.',
  usage: 'partition MANIFEST... -o FOLDER --partitions N [options]',
  async run(flags, io) {
    const { config, notices, file } = await commandConfig(flags, io);
    // FLOW-DC's files bring a layout for datasets along, which says nothing here.
    const format = formatOf(flags.config.output_format ?? file?.config.output_format);
    writeLines(io.stderr, notices);
    return runPartition({ ...config, output_format: undefined }, format, io);
  },
});

async function runPartition(config: Config, format: 'parquet' | 'csv', io: CliIo): Promise<number> {
  const { manifest, partition, fetch, sink, store, run } = resolveConfig(config, 'partition');
  const { inputs, ...reading } = manifest;
  requireManifest('partition', { manifest }, io, 'MANIFEST... -o FOLDER --partitions N');
  if (sink.output === undefined || sink.output === STDOUT_NAME)
    throw new FlowDcError('FDC_ERR_USAGE', 'partition: say where the files go, a folder: -o partitions');
  const { shardSize: _, ...settings } = partition;
  const summary = await partitionManifest(inputs, {
    ...settings,
    output: sink.output,
    format,
    overwrite: run.overwrite,
    manifest: { ...reading, remote: { network: fetch, store } },
    signal: io.signal,
    stdin: io.stdin,
    onNotice: (notice) => writeLines(io.stderr, [notice]),
  });
  writeLines(io.stderr, summaryLines(summary, settings.method === 'greedy' ? 'values' : 'hosts'));
  if (run.json) writeLines(io.stdout, [JSON.stringify(summary)]);
  return EXIT.done;
}

function formatOf(given: string | undefined): 'parquet' | 'csv' {
  if (given === undefined || given === 'parquet' || given === 'csv') return given ?? 'parquet';
  throw new FlowDcError(
    'FDC_ERR_USAGE',
    `output_format: expected parquet or csv, got ${given}, which is a layout of datasets`,
  );
}

function summaryLines(
  { out, partitions, rows, hosts, invalidRows, split, imbalance, elapsedMs }: PartitionSummary,
  what: string,
): string[] {
  const sizes = partitions.map((partition) => partition.rows);
  const range = `${count(Math.min(...sizes))} to ${count(Math.max(...sizes))}`;
  const bytes = partitions.reduce((sum, partition) => sum + partition.bytes, 0);
  const invalid = invalidRows === 0 ? '' : `, ${count(invalidRows)} rows without a usable URL`;
  const spread = split === 0 ? '' : `, ${count(split)} ${what} spread over several files`;
  return [
    `${count(rows)} rows on ${count(hosts)} host${hosts === 1 ? '' : 's'}${invalid}${spread}`,
    `${count(partitions.length)} file${partitions.length === 1 ? '' : 's'} of ${range} rows (largest ` +
      `${imbalance.toFixed(2)} x the mean), ${byteSize(bytes)}, in ${(elapsedMs / 1000).toFixed(1)} s: ${out}`,
  ];
}
