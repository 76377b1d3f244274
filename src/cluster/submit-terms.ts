/** What a submit is told, what it tells, and what it comes to. */
import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { RecordTotals } from '../dataset/totals.ts';
import type { JobSummary } from '../job/job-summary.ts';
import type { UnitRecord } from '../record.ts';
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import type { Cluster, ClusterChannel } from '../transport/cluster.ts';
import type { CrewEvent } from './crew-watch.ts';
import type { ServerPaths } from './own-server.ts';

/** A connection to the server that a job's folder is worked on from. */
export interface SubmitConnection {
  readonly cluster: Cluster;
  /** Servers without credentials, for the folder's mark. */
  readonly servers: readonly string[];
  /** Set for a server that was started for this job alone. */
  readonly own: boolean;
}

export interface SubmitOptions {
  /** Configuration keys for the workers; no secrets. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly stdin?: Readable | undefined;
  readonly clock?: Clock | undefined;
  /** Aborts when the caller wants to leave; the job goes on without it. */
  readonly detach: AbortSignal;
  /** Reach the server; asked for once the folder is ours and there is something to do. */
  readonly connect: (paths: ServerPaths, job: string) => Promise<SubmitConnection>;
  /** Told once, before the server is asked for. */
  readonly onStart?: ((manifest: ManifestInfo, notices: readonly string[]) => void | Promise<void>) | undefined;
  /** The job is on the server; nothing is published yet. */
  readonly onOpen?: ((opened: OpenSubmission) => void) | undefined;
  /** All units are on the server. */
  readonly onPublished?: ((units: number) => void) | undefined;
  /** A unit was decided by some worker. */
  readonly onRecord?: ((record: UnitRecord) => void) | undefined;
  /** Told of the job on its server, for somebody who watches and steers it. @returns called when it is left */
  readonly onChannel?: ((channel: ClusterChannel) => () => void) | undefined;
  readonly onNotice?: ((notice: string) => void) | undefined;
  /** Workers that are missed, or there again. */
  readonly onCrew?: ((event: CrewEvent) => void) | undefined;
  /** About once a second. */
  readonly onWork?: ((work: OpenWork) => void) | undefined;
}

/** What workers say of the units that they have open. */
export interface OpenWork {
  /** Rows that were fetched and are not settled, because their units are not. */
  readonly fetchedOpen: number;
  /** Of all workers, over the last few seconds. */
  readonly rowsPerSecond: number;
}

export interface OpenSubmission {
  readonly job: string;
  readonly server: Cluster['server'];
  /** The job went on by itself since its submitter left. */
  readonly joined: boolean;
  /** What was decided before. */
  readonly before: RecordTotals;
}

export interface SubmitSummary extends JobSummary {
  /** Absent when the dataset was finished before. */
  readonly job?: string | undefined;
  /** The manifest is on the server as a whole. */
  readonly published: boolean;
}
