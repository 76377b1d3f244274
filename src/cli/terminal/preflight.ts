/** What a run is about to do, in three lines, before it does it: the last cheap moment to notice a mistake. */
import { getServers } from 'node:dns';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ResolvedConfig } from '../../config/types.ts';
import { freeBytes } from '../../destination/disk.ts';
import { byteSize, count } from '../../format.ts';
import type { ManifestInfo } from '../../index.ts';

/** Lines for stderr; those that begin with `warning:` deserve a second look. */
export async function preflightLines(config: ResolvedConfig, manifest: ManifestInfo): Promise<string[]> {
  return [
    inputLine(manifest),
    await outputLine(config),
    limitsLine(config),
    ...manifest.warnings.map((text) => `warning: ${text}`),
    ...openFileWarning(config),
  ];
}

/** How many rows the run will read, if that is known beforehand. */
export function rowsToCome(
  { rows }: { readonly rows?: number },
  { manifest: { limitRows = Number.POSITIVE_INFINITY } }: ResolvedConfig,
): number | undefined {
  return rows === undefined ? undefined : Math.min(rows, limitRows);
}

function inputLine(manifest: ManifestInfo): string {
  const { roles, guessed } = manifest;
  const role = (name: 'url' | 'label' | 'caption' | 'key'): string =>
    `${name} ${roles[name] === undefined ? 'none' : `'${roles[name]}'${guessed.includes(name) ? ' (guessed)' : ''}`}`;
  const rows = manifest.rows === undefined ? '' : `${count(manifest.rows)} rows in `;
  const files =
    manifest.files.length === 1 ? (manifest.files[0]?.name ?? '1 file') : `${count(manifest.files.length)} files`;
  const keys = roles.key === undefined ? '' : `, ${role('key')}`;
  return (
    `input: ${rows}${files}; ${role('url')}, ${role('label')}, ${role('caption')}${keys}; ` +
    `${manifest.columns.length} columns`
  );
}

async function outputLine(config: ResolvedConfig): Promise<string> {
  const { output = '', outputFormat, createTar } = config.sink;
  const layout = createTar
    ? `${outputFormat} tar shards of up to ${count(config.partition.shardSize)} rows`
    : 'loose files, one folder per label';
  if (output === 'none:') return `output: nothing is kept (none:)`;
  const free = await freeBytes(resolve(output));
  return `output: ${output}: ${layout}${free === undefined ? '' : `; ${byteSize(free)} free`}`;
}

function limitsLine(config: ResolvedConfig): string {
  const { concurrentDownloads, connectTo, dnsServers, timeoutMs } = config.fetch;
  const names =
    connectTo.length > 0
      ? `connections go to ${connectTo.join(', ')}`
      : `name servers ${(dnsServers.length > 0 ? dnsServers : getServers()).join(', ') || 'none'}`;
  const files = openFileLimit();
  return `limits: ${count(concurrentDownloads)} downloads at once, ${timeoutMs / 1000} s each${files === undefined ? '' : `, ${count(files)} open files`}; ${names}`;
}

function openFileWarning(config: ResolvedConfig): string[] {
  const files = openFileLimit();
  const needed = config.fetch.concurrentDownloads + 4 * config.fetch.openUnits + 64;
  if (files === undefined || files >= needed) return [];
  return [
    `warning: ${count(files)} open files are allowed, up to ${count(needed)} may be needed: raise it with ` +
      `'ulimit -n ${needed}', or lower --concurrent-downloads`,
  ];
}

/** The process's own soft limit; unknown where there is no /proc. */
function openFileLimit(): number | undefined {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return found === undefined ? undefined : Number(found);
  } catch {
    return undefined;
  }
}
