/** What a run says to people besides its progress: what it is about to do, how its server is, what came of it. */
import { getServers } from 'node:dns';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ResolvedConfig } from '../../config/types.ts';
import { lackLines } from '../../dataset/seal/classes.ts';
import { oneHostLine } from '../../dataset/seal/one-host.ts';
import { dataFile } from '../../dataset/unit-files.ts';
import { freeBytes } from '../../destination/disk.ts';
import { STDOUT_NAME } from '../../destination/stream-destination.ts';
import type { ToolCall } from '../../destination/tool/remote-tool.ts';
import { stagedName } from '../../destination/tool/staged-name.ts';
import { toolOf } from '../../destination/tool/tool-of.ts';
import { byteSize, count } from '../../format.ts';
import type { ManifestInfo } from '../../index.ts';
import type { JobSummary } from '../../job/job-summary.ts';
import type { StoreReach } from '../../next-command.ts';
import { filesFor, openFileLimit, shareFiles } from '../../open-files.ts';
import { codeLines, headLines } from '../../report/head-lines.ts';
import { shellQuoted } from '../../shell-quoted.ts';
import { meansStore } from '../../store/store-url.ts';
import { subscribe } from '../../telemetry/channels.ts';
import { hostsLine } from './host-lines.ts';

/**
 * What a run is about to do, before it does it: the last cheap moment to notice a mistake. Lines that begin with
 * `warning:` deserve a second look.
 */
export async function preflightLines(config: ResolvedConfig, manifest: ManifestInfo): Promise<string[]> {
  return [
    inputLine(manifest),
    await outputLine(config),
    limitsLine(config),
    ...hostsLine(config),
    ...manifest.warnings.map((text) => `warning: ${text}`),
    ...openFileWarning(config),
  ];
}

const REFUSED_SHOWN = 5;

/** Say how the job's server is, each time that changes, and what lies on it that is not ours. @returns how to stop */
export function noteServer(say: (text: string) => void): () => void {
  const stopNoting = noteRefused(say);
  const stop = subscribe('flow-dc:server', ({ state, server }) => {
    switch (state) {
      case 'up':
        return say(`the NATS server at ${server} answers again`);
      case 'away':
        return say(
          `the NATS server at ${server} is away: waiting for it; nothing is lost, and nobody has to be started again`,
        );
      case 'silent':
        return say(
          `the NATS server at ${server} is there, but its JetStream has not answered for 30 s: if this goes ` +
            'on, look into its log and restart it; nothing is lost by that',
        );
    }
  });
  return () => {
    stop();
    stopNoting();
  };
}

/** The first ones by themselves, then fewer and fewer: who sends many of them does not write our log. */
function noteRefused(say: (text: string) => void): () => void {
  let refused = 0;
  return subscribe('flow-dc:refused', ({ where, why }) => {
    refused += 1;
    if (refused <= REFUSED_SHOWN) return say(`refused what lies under ${where}: ${why}`);
    if (Number.isInteger(Math.log2(refused)))
      say(`refused ${count(refused)} things so far; the last: ${where}: ${why}`);
  });
}

/** The end of a run in a few lines: the head of what `report` says of its folder. */
export function summaryLines(summary: JobSummary, reach: StoreReach): string[] {
  const { rows, units, out, complete, before } = summary;
  // A retry settles no row that was not settled before, but in a shard of its own.
  const isOld = before.rows === rows && (before.units ?? units) === units;
  if (complete && isOld && rows > 0) {
    const all = `all ${count(rows)} rows of ${out} are settled`;
    const isNew = before.finished === false && summary.fetched > 0;
    return [isNew ? `finished: ${all}, and card and sums are written` : `nothing to do: ${all}`, ...codeLines(summary)];
  }
  return [
    ...classLines(summary),
    ...hostLines(summary),
    ...headLines({ ...summary, outs: [out], reach }),
    ...keptLines(summary),
  ];
}

function classLines({ classes: found }: JobSummary): string[] {
  if (found === undefined) return [];
  const numbered = found.count === undefined ? [] : [`classes: ${count(found.count)}, see classes.json`];
  return [...numbered, ...lackLines(found)];
}

function hostLines({ oneHost }: JobSummary): string[] {
  return oneHost === undefined ? [] : [oneHostLine(oneHost)];
}

function keptLines({ kept }: JobSummary): string[] {
  if (kept === undefined) return [];
  const shards = `${count(kept.units)} open ${kept.units === 1 ? 'shard' : 'shards'}`;
  return [`kept: ${count(kept.rows)} more rows of ${shards}, ${byteSize(kept.bytes)}; they are not fetched again`];
}

function inputLine(manifest: ManifestInfo): string {
  const { roles, guessed } = manifest;
  const role = (name: 'url' | 'label' | 'caption' | 'key'): string =>
    `${name} ${roles[name] === undefined ? 'none' : `'${roles[name]}'${guessed.includes(name) ? ' (guessed)' : ''}`}`;
  const mirrors =
    manifest.mirrors === undefined ? '' : `, then ${manifest.mirrors.map((name) => `'${name}'`).join(', ')}`;
  const each = manifest.shape?.explosion === undefined ? '' : ', a row for each URL';
  const rows = manifest.rows === undefined ? '' : `${count(manifest.rows)} rows in `;
  const files =
    manifest.files.length === 1 ? (manifest.files[0]?.name ?? '1 file') : `${count(manifest.files.length)} files`;
  const keys = roles.key === undefined ? '' : `, ${role('key')}`;
  const dialect = howRead(manifest);
  return (
    `input: ${rows}${files}${dialect}; ${role('url')}${mirrors}${each}, ${role('label')}, ${role('caption')}${keys}; ` +
    `${manifest.columns.length} columns`
  );
}

/** How the first file of text is read; the others may differ, as `inspect` says. */
function howRead({ files }: ManifestInfo): string {
  const first = files.find(({ how }) => how !== undefined);
  return first === undefined ? '' : ` (${first.how})`;
}

async function outputLine(config: ResolvedConfig): Promise<string> {
  const { output = '', outputFormat, createTar, compressTar, outcomes } = config.sink;
  const layout = createTar
    ? `${outputFormat === 'parquet' ? 'parquet files with the bytes in them,' : `${outputFormat} tar shards`} of up to ${count(config.partition.shardSize)} rows`
    : 'loose files, one folder per label';
  if (output === 'none:') return `output: nothing is kept (none:)`;
  if (output === STDOUT_NAME) {
    const table = outcomes === undefined ? 'the outcome table is its last entry' : `outcome table: ${outcomes}`;
    return `output: stdout: one ${outputFormat} tar${compressTar ? ', gzip' : ''}; ${table}`;
  }
  if (meansStore(output))
    return `output: ${output}: ${layout}; uploaded as they fill, and begun anew where an interrupt leaves one half done`;
  const free = await freeBytes(resolve(output));
  const { cloudDestination: remote, cloudTool, cloudPutCommand } = config.sink;
  const upload =
    remote === undefined
      ? ''
      : `, uploaded to ${remote} by ${cloudPutCommand ?? cloudTool}; tables and state stay here`;
  return `output: ${output}: ${layout}${upload}${free === undefined ? '' : `; ${byteSize(free)} free`}`;
}

/**
 * The calls that upload the first shard, for pasting into a shell; none without an upload.
 * @param isByWorkers - from folders of their own, where the program can rename
 */
export function uploadLines({ sink }: ResolvedConfig, isByWorkers = false): string[] {
  if (sink.cloudDestination === undefined) return [];
  const { prepare, put, pour, look, move, tree } = toolOf(sink);
  if (!sink.createTar) {
    const files = resolve(`${sink.output}.flow-dc`, 'staging', 'UNIT.TOKEN', 'files');
    const calls = tree?.put(files, [join(files, 'LABEL')], 'UNIT.TOKEN') ?? [];
    return ['uploads, unit by unit:', ...[...prepare, ...calls].map((call) => `  ${commandLine(call)}`)];
  }
  const name = sink.outputFormat === 'parquet' ? dataFile('000000') : `000000.tar${sink.compressTar ? '.gz' : ''}`;
  const renamed = isByWorkers || sink.cloudStream ? move : undefined;
  const folder = !isByWorkers || move === undefined ? resolve(sink.output ?? '') : join(tmpdir(), 'RUN');
  const file = join(folder, '.flow-dc', 'staging', 'UNIT.TOKEN', name);
  const first = renamed === undefined ? name : stagedName({ unit: 'UNIT', token: 'TOKEN' }, name);
  const calls = [...prepare, ...(look === undefined ? [] : [look.list()])];
  calls.push(...(sink.cloudStream && pour !== undefined ? [pour(first)] : put(file, first)));
  if (look !== undefined) calls.push(look.stat(first));
  if (renamed !== undefined) calls.push(renamed(first, name));
  return ['uploads, shard by shard:', ...calls.map((call) => `  ${commandLine(call)}`)];
}

function commandLine({ program, args, folder, input }: ToolCall): string {
  const from = input === undefined ? '' : ` < ${shellQuoted(input)}`;
  const words = [program, ...args].map(shellQuoted).join(' ') + from;
  return folder === undefined ? words : `cd ${shellQuoted(folder)} && ${words}`;
}

function limitsLine(config: ResolvedConfig): string {
  const { connectTo, dnsServers, timeoutMs } = config.fetch;
  const { concurrentDownloads } = shareFiles(openFileLimit(), config.fetch);
  const names =
    connectTo.length > 0
      ? `connections go to ${connectTo.join(', ')}`
      : `name servers ${(dnsServers.length > 0 ? dnsServers : getServers()).join(', ') || 'none'}`;
  const limit = openFileLimit();
  const files = limit === undefined ? '' : `, ${count(limit)} open files`;
  return `limits: ${count(concurrentDownloads)} downloads at once, ${timeoutMs / 1000} s each${files}; ${names}`;
}

function openFileWarning({ fetch }: ResolvedConfig): string[] {
  const files = openFileLimit();
  const { concurrentDownloads } = shareFiles(files, fetch);
  if (files === undefined || concurrentDownloads === fetch.concurrentDownloads) return [];
  return [
    `warning: ${count(files)} open files are allowed: ${count(concurrentDownloads)} downloads at once in place of ` +
      `${count(fetch.concurrentDownloads)}; 'ulimit -n ${filesFor(fetch)}' allows all`,
  ];
}
