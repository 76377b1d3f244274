/** Where a job keeps its state. Paths only; nothing here touches the disk. */
import { join, resolve } from 'node:path';
import { type FolderLayout, folderPaths } from '../destination/folder-layout.ts';

/** Paths of a job's state, absolute. */
export interface StatePaths {
  /** The state folder itself. */
  readonly folder: string;
  /** Id, identity and settings of the job. */
  readonly jobFile: string;
  /** Exists while a process writes to the output. */
  readonly lockFile: string;
  /** Exists while recorded files are being deleted; whoever finds it finishes the deletion. */
  readonly overwriteFile: string;
  /** What was read from stdin, whole; and while it is being read. */
  readonly keptInput: string;
  readonly partialInput: string;
  /** Row numbers at which live input paused so long that a window was closed; a line each. */
  readonly lingers: string;
  /** Exists while workers of a job on a server write to the output. */
  readonly distributedFile: string;
  /** What workers need to join a server that submit started; its token, so for its owner's eyes only. */
  readonly joinFile: string;
  /** Configuration and data of that server. */
  readonly serverFolder: string;
  /** What was learned about hosts. */
  readonly hostProfiles: string;
  /** How the runs went, second by second. */
  readonly timeline: string;
  /** Commit records, one file per unit. */
  readonly unitsFolder: string;
  /** Records that are not complete yet. */
  readonly unitsTemporaryFolder: string;
}

/**
 * The state folder of an output: inside it (`OUT/.flow-dc`) for shards; beside it (`OUT.flow-dc`) for loose files,
 * whose loaders take every folder inside for a class.
 */
export function stateFolderOf(out: string, layout: FolderLayout): string {
  return folderPaths(out, layout).state;
}

/** The paths below a state folder. */
export function statePaths(stateFolder: string): StatePaths {
  const folder = resolve(stateFolder);
  const unitsFolder = join(folder, 'units');
  return {
    folder,
    jobFile: join(folder, 'job.json'),
    lockFile: join(folder, 'lock'),
    overwriteFile: join(folder, 'overwrite'),
    keptInput: join(folder, 'stdin'),
    partialInput: join(folder, 'stdin.partial'),
    lingers: join(folder, 'lingers'),
    distributedFile: join(folder, 'distributed.json'),
    joinFile: join(folder, 'worker.json'),
    serverFolder: join(folder, 'nats'),
    hostProfiles: join(folder, 'hosts.json'),
    timeline: join(folder, 'timeline.jsonl'),
    unitsFolder,
    unitsTemporaryFolder: join(unitsFolder, 'tmp'),
  };
}
