/**
 * The output folder is the truth. Before it is given to a server its records go there, and when a job ends the server's
 * records come back, each with its artifacts in their final places.
 */
import { readdir, stat } from 'node:fs/promises';
import { type Clock, sleep } from '../clock.ts';
import type { FolderDestination } from '../destination/folder-destination.ts';
import { finalPath, stagingFolder } from '../destination/folder-layout.ts';
import { FlowDcError } from '../errors.ts';
import type { LocalCommitter } from '../job/local-committer.ts';
import type { UnitId, UnitRecord } from '../record.ts';

/**
 * Names that another machine made in a shared folder may take this long to be seen here (NFS caches for some seconds).
 */
const VISIBLE_MS = 5_000;
const LOOK_AGAIN_MS = 250;

export interface Homecoming {
  /** Records that the folder did not have. */
  readonly adopted: number;
  /** Units whose record names files that are nowhere: they have to be done again. */
  readonly lost: readonly UnitId[];
}

/**
 * Move what a server has decided to its final places and write its records into the folder. Idempotent.
 * @param patience - wait for files that another machine wrote a moment ago
 * Errors: those of the destination.
 */
export async function bringHome(
  records: AsyncIterable<UnitRecord>,
  { destination, committer, clock }: { destination: FolderDestination; committer: LocalCommitter; clock: Clock },
  patience: boolean,
): Promise<Homecoming> {
  const staged = new Set(await stagedAttempts(destination));
  const lost: UnitId[] = [];
  let adopted = 0;
  for await (const record of records) {
    const decided = await committer.record(record.unit);
    if (decided !== undefined && decided.token !== record.token) continue;
    if (staged.has(`${record.unit}.${record.token}`)) await destination.rollForward(record);
    else if (!(await settleFiles(destination, record, clock, patience))) {
      lost.push(record.unit);
      continue;
    }
    if (decided === undefined && (await committer.commit(record)).won) adopted++;
  }
  return { adopted, lost };
}

/**
 * Bring a decided unit's files to their places, whoever staged them. Cheap when they are there.
 * @param patience - wait for files that another machine wrote a moment ago
 * @returns false when they are neither staged nor in their places
 */
export async function settleFiles(
  destination: FolderDestination,
  record: UnitRecord,
  clock: Clock,
  patience: boolean,
): Promise<boolean> {
  const endMs = clock.nowMs() + (patience ? VISIBLE_MS : 0);
  for (;;) {
    if (await isFinal(destination, record)) return true;
    if (await hasStaging(destination, record)) {
      await destination.rollForward(record);
      return true;
    }
    if (clock.nowMs() >= endMs) return false;
    await sleep(clock, LOOK_AGAIN_MS);
  }
}

async function isFinal(destination: FolderDestination, { artifacts }: UnitRecord): Promise<boolean> {
  for (const { name, bytes } of artifacts)
    if ((await bytesOf(finalPath(destination.paths, name))) !== bytes) return false;
  return true;
}

async function hasStaging(destination: FolderDestination, { unit, token }: UnitRecord): Promise<boolean> {
  return (await stat(stagingFolder(destination.paths, unit, token)).catch(() => undefined)) !== undefined;
}

async function stagedAttempts(destination: FolderDestination): Promise<string[]> {
  await destination.prepare();
  return readdir(destination.paths.staging);
}

async function bytesOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

/** FDC_ERR_DEST_IO for units whose files vanished after they were committed. */
export function lostError(out: string, job: string, lost: readonly UnitId[]): FlowDcError {
  const shown = lost.slice(0, 3).join(', ') + (lost.length > 3 ? ` and ${lost.length - 3} more` : '');
  return new FlowDcError(
    'FDC_ERR_DEST_IO',
    `${out}: the files of unit ${shown} were committed and are gone; flow-dc cancel ${job}, then the same ` +
      'submit, does them again',
  );
}
