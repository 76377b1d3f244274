/** What `estimate` found, as lines for people. */
import { byteSize, count, duration, percent } from '../../format.ts';
import type { ManifestEstimate } from '../../index.ts';
import { type NamedRowCode, ROW_CODES, type RowCode } from '../../row-codes.ts';

/** More codes and hosts that lie are in --json. */
const MAX_CODES = 12;
const MAX_LIARS = 5;

export function estimateLines(found: ManifestEstimate): string[] {
  const blocks = [
    [...totalLines(found), ...timeLines(found), ...diskLines(found)],
    failureLines(found),
    hostLines(found),
    methodLines(found),
  ];
  return blocks.filter((block) => block.length > 0).flatMap((block, at) => (at === 0 ? block : ['', ...block]));
}

function totalLines({ bytes, rows, fetched, unresolved }: ManifestEstimate): string[] {
  const size =
    bytes === undefined
      ? 'Size: unknown, no probe has learnt one'
      : `Size: about ${byteSize(bytes.total)}, with 95 % between ${byteSize(bytes.low)} and ${byteSize(bytes.high)}`;
  const lines = [size, `Rows: ${count(rows)}, of which about ${spread(fetched)} would be fetched now`];
  if (unresolved.sampled > 0)
    lines.push(
      `Unknown: about ${spread(unresolved)} rows gave no size now and may later; they count as nothing for the ` +
        'lower end and like the others for the upper one',
    );
  return lines;
}

function timeLines({ time }: ManifestEstimate): string[] {
  const { requestsMs, slowestHost, transferMs } = time;
  if (requestsMs === undefined) return [];
  const why =
    slowestHost === undefined
      ? 'by the number of downloads at once'
      : `by ${slowestHost.host}: ${count(slowestHost.rows)} rows at ${rate(slowestHost.requestsPerSecond)}`;
  const lines = [`Time: about ${duration(requestsMs)} for the requests, at the pace of the probes (${why})`];
  if (transferMs !== undefined)
    lines.push(
      `      the bytes alone take ${duration(transferMs.at100Mbit)} at 100 Mbit/s, ` +
        `${duration(transferMs.at1Gbit)} at 1 Gbit/s`,
    );
  return lines;
}

function diskLines({ disk }: ManifestEstimate): string[] {
  if (disk === undefined) return [];
  return [
    `Disk: ${byteSize(disk.freeBytes)} free at ${disk.path}, up to ${byteSize(disk.neededBytes)} ` +
      `needed${disk.fits ? '' : ': IT MAY NOT FIT'}`,
  ];
}

function failureLines({ failures }: ManifestEstimate): string[] {
  if (failures.length === 0) return ['Expected failures: none was met'];
  const lines = failures.slice(0, MAX_CODES).map(({ code, transient, ...rows }) => {
    const later = transient ? '; may succeed later' : '';
    return `  ${spread(rows).padEnd(32)} ${code.padEnd(18)} ${meaning(code)}${later}`;
  });
  if (failures.length > MAX_CODES) lines.push(`  and ${count(failures.length - MAX_CODES)} more codes`);
  return ['Expected failures, rows', ...lines];
}

function hostLines({ hosts }: ManifestEstimate): string[] {
  if (hosts.length === 0) return [];
  const width = Math.max(...hosts.map(({ host }) => host.length));
  const lines = hosts.map(
    ({ host, rows, sampled, sized, meanBytes, bytes }) =>
      `  ${host.padEnd(width)}  ${byteSize(bytes).padStart(8)}  ${count(rows).padStart(11)} rows of ` +
      `${byteSize(meanBytes).padStart(7)}  (${count(sized)} of ${count(sampled)} probes)`,
  );
  return ['Hosts', ...lines];
}

function methodLines({ sample, probes }: ManifestEstimate): string[] {
  const { rows, strata, seed, sized, failed, unresolved } = sample;
  const liars = probes.liars.slice(0, MAX_LIARS).join(', ');
  return [
    `From ${count(rows)} rows in ${strata === 1 ? '1 stratum' : `${count(strata)} strata`} (seed ${seed}): ` +
      `${count(sized)} sizes, ${count(failed)} failures, ${count(unresolved)} unknown, ` +
      `in ${duration(probes.elapsedMs)}`,
    `  ${count(probes.head)} HEAD, ${count(probes.range)} GET of one byte, ${count(probes.whole)} whole bodies`,
    ...(probes.liars.length === 0
      ? []
      : [`  HEAD tells wrong sizes on ${liars}${probes.liars.length > MAX_LIARS ? ' and others' : ''}: asked by GET`]),
  ];
}

function spread({ rows, low, high }: { readonly rows: number; readonly low: number; readonly high: number }): string {
  return Math.round(low) === Math.round(high) ? count(rows) : `${count(rows)} (${count(low)} to ${count(high)})`;
}

function rate(perSecond: number): string {
  return perSecond >= 10 ? `${count(perSecond)}/s` : `${perSecond.toFixed(1)}/s`;
}

function meaning(code: RowCode): string {
  return code.startsWith('http_') ? `the host answered ${code.slice(5)}` : ROW_CODES[code as NamedRowCode].text;
}

/** What deserves a second look, for stderr. */
export function estimateWarnings({ disk, fetched, rows }: ManifestEstimate): string[] {
  const lines: string[] = [];
  if (disk !== undefined && !disk.fits)
    lines.push(
      `warning: ${disk.path} has ${byteSize(disk.freeBytes)} free and up to ${byteSize(disk.neededBytes)} may ` +
        'be needed: choose another destination, or take part of the rows with --limit',
    );
  if (rows > 0 && fetched.high < rows / 2)
    lines.push(`warning: less than half of the rows (${percent(fetched.rows / rows)}) would be fetched now`);
  return lines;
}
