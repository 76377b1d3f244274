/** What `report --duplicates` says. */
import { existsSync } from 'node:fs';
import { type Duplicates, findDuplicates } from '../../duplicates/find-duplicates.ts';
import type { GroupSums } from '../../duplicates/sample-groups.ts';
import { FlowDcError } from '../../errors.ts';
import { byteSize, count, counted } from '../../format.ts';
import { viewJob } from '../../job/view/view-job.ts';
import type { S3Settings } from '../../store/s3/settings.ts';
import { type CliIo, EXIT, writeLines } from '../terminal/process.ts';

interface DuplicatesCall {
  readonly dests: readonly string[];
  readonly near: boolean;
  readonly path: string | undefined;
  readonly json: boolean;
  readonly store: S3Settings;
}

/** Errors: FDC_ERR_USAGE; those of findDuplicates. */
export async function reportDuplicates({ dests, near, path, json, store }: DuplicatesCall, io: CliIo): Promise<number> {
  requireOne(dests);
  requireTable(path);
  const job = await viewJob(dests[0] as string, store);
  try {
    const found = await findDuplicates(job, { near, path, signal: io.signal });
    writeLines(io.stdout, json ? [JSON.stringify(found)] : duplicateLines(job.out, found));
    if (found.lines > 0) writeLines(io.stderr, [`${count(found.lines)} lines: ${path}`]);
    return EXIT.done;
  } finally {
    await job.close();
  }
}

function duplicateLines(out: string, { samples, bytes, same, near }: Duplicates): string[] {
  const undecoded = near?.undecoded ?? 0;
  return [
    `duplicates in ${out}: ${counted(samples, 'sample')}, ${byteSize(bytes)}`,
    ...sumLines('the same bytes', same),
    ...(near === undefined ? [] : sumLines('nearly the same picture', near)),
    ...(undecoded === 0 ? [] : [`  ${counted(undecoded, 'sample')} that cannot be decoded as pictures here`]),
  ];
}

function sumLines(what: string, { groups, copies, bytes, largest }: GroupSums): string[] {
  if (groups === 0) return [`  ${what}: none`];
  const heads = `  ${what}: ${count(copies)} copies in ${count(groups)} groups, ${byteSize(bytes)} beside the first of each`;
  const width = count(Math.max(...largest.map(({ samples }) => samples))).length;
  const shown = largest.map(({ samples, bytes: size, keys }) => {
    const more = samples > keys.length ? ', …' : '';
    return `    ${count(samples).padStart(width)} samples, ${byteSize(size)}: ${keys.join(', ')}${more}`;
  });
  return [
    heads,
    ...shown,
    ...(groups > largest.length ? [`    and ${count(groups - largest.length)} more groups`] : []),
  ];
}

function requireOne(dests: readonly string[]): void {
  if (dests.length > 1) throw new FlowDcError('FDC_ERR_USAGE', 'report --duplicates takes one dataset at a time');
}

function requireTable(path: string | undefined): void {
  if (path === undefined) return;
  if (!/\.(csv|parquet)$/i.test(path))
    throw new FlowDcError('FDC_ERR_USAGE', 'report --duplicates: the table is a file named .csv or .parquet');
  if (existsSync(path))
    throw new FlowDcError('FDC_ERR_USAGE', `report --duplicates: ${path} is there already; name another file with -o`);
}
