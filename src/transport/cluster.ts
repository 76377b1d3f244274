/**
 * A job that several machines work on: what a networked transport offers beyond the channel that every form has.
 * Values here cross the wire as JSON, so they are plain data without secrets.
 */
import type { HostOrder } from '../host-limits.ts';
import type { UnitId, UnitRecord } from '../record.ts';
import type { JobChannel, JobState, RollForward } from './transport.ts';

/** What a worker needs to know of a job; written once when the job is made. */
export interface JobDescription {
  /** The id in job.json of the output folder: a worker refuses a folder with another one. */
  readonly folderId: string;
  /** The output folder, absolute, as the submitter sees it. */
  readonly out: string;
  /** Configuration keys as given, without secrets and without the manifest's rows: slices are resolved from it. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Program version of the submitter. */
  readonly version: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly createdAtMs: number;
  /** The server was started for this job and ends with it. */
  readonly ownServer?: boolean | undefined;
}

/** What a worker says of itself about once a second; the last one of each is kept. */
export interface WorkerStatus {
  /** Unique per process start. */
  readonly worker: string;
  /** `machine:pid`, for people. */
  readonly name: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly atMs: number;
  readonly state: 'working' | 'draining' | 'gone';
  readonly units: readonly UnitId[];
  /** Since the worker's start. */
  readonly rowsDone: number;
  readonly bytes: number;
  /** Rows that were fetched in units that have no record yet. */
  readonly fetchedOpen?: number | undefined;
  /** Over the last few seconds. */
  readonly rowsPerSecond: number;
  /** Requests, and rows that wait for one. */
  readonly inFlight: number;
  readonly queued: number;
  /** Why it sends nothing: an `order`, or its `disk`. */
  readonly heldBy?: string | undefined;
  /** Messages and entries on the server that flow-dc did not write, left out since the worker's start. */
  readonly refused?: number | undefined;
  /** Hosts with requests in flight now, busiest first, at most 20. */
  readonly hosts: readonly WorkerHost[];
  /** Of those with most answers since its word before, at most 20. */
  readonly latencies?: readonly WorkerLatencies[] | undefined;
}

/** A worker's part in what is done to one host. */
export interface WorkerHost {
  readonly host: string;
  readonly inFlight: number;
  readonly limit: number;
  /** Rows that wait for it. */
  readonly waiting: number;
  /** Requests that ended. */
  readonly perSecond: number;
  /** What its limit is doing; `new` where that is not known. */
  readonly state: string;
}

/** How long a host took to answer a worker since its word before. */
export interface WorkerLatencies {
  readonly host: string;
  /** Pairs of a latency bucket and how many. */
  readonly counted: readonly number[];
}

export interface RepairResult {
  /** Units with neither record nor message: somebody must publish them again. */
  readonly missing: readonly UnitId[];
  /** Messages that the server held back and gives out again. */
  readonly requeued: number;
  /** Messages of units that have a record, taken out of the queue. */
  readonly removed: number;
}

/** What somebody says to all workers of a job, until it is taken back. */
export interface JobOrders {
  /** Nothing more is sent. */
  readonly isPaused: boolean;
  readonly hosts: readonly HostOrder[];
  /** How often all workers that were there were told to end. */
  readonly ends: number;
}

/** A job's channel with what only several machines need. */
export interface ClusterChannel extends JobChannel {
  readonly id: string;
  readonly description: JobDescription;
  /** How long a unit stays with a worker that says nothing. */
  readonly leaseMs: number;
  /** Records as they are made, those of before first; ends with the signal, or when sealed and complete. */
  follow(signal: AbortSignal): AsyncIterable<UnitRecord>;
  /** Tell everybody how this worker is doing. Fire and forget. */
  heartbeat(status: WorkerStatus): void;
  /** The last word of every worker that spoke within the last hour. */
  workers(): Promise<readonly WorkerStatus[]>;
  /** What was said to all workers, as far as this process has heard; all hear of it within seconds. */
  readonly orders: JobOrders;
  /** @returns ends it */
  onOrders(listener: (orders: JobOrders) => void): () => void;
  /**
   * Say something else; `change` is called again with what somebody else said meanwhile. Errors: FDC_ERR_JOB_MISSING,
   * FDC_ERR_TRANSPORT_*.
   */
  order(change: (orders: JobOrders) => JobOrders): Promise<void>;
  /** Aborts when the job was cancelled or deleted by anybody; the reason tells which. */
  readonly cancelled: AbortSignal;
  /**
   * Bring queue and records together again after a server lost or resurrected messages. Safe at any time, by anybody.
   * @param expected - every unit of the job, if known, to find those that are nowhere
   */
  repair(expected?: Iterable<UnitId>): Promise<RepairResult>;
  /** The dataset is complete: `state` is `sealed` for good and the queue is deleted; records stay until `destroy`. */
  finish(): Promise<void>;
  /** Delete queue, records and the job's entry. Outputs stay. */
  destroy(): Promise<void>;
}

export interface JobListing {
  readonly id: string;
  readonly state: JobState;
  readonly description: JobDescription;
}

export interface JobOptions {
  /**
   * Called for every unit that turns out to be decided, by `next` and `publish`. May look up its destination late,
   * since where that is stands in the job's description. A channel without it can look at a job but not work on it.
   */
  readonly rollForward?: RollForward | undefined;
  /** Units on the server, waiting or worked on, before `publish` waits. Default 2,000. */
  readonly highWater?: number | undefined;
}

/** Where jobs are found. */
export interface Cluster extends AsyncDisposable {
  /**
   * Make a job, or join it when it is there with the same description.folderId; one that was cancelled or finished is
   * opened again. Errors: FDC_ERR_JOB_MISMATCH, FDC_ERR_USAGE for an id that cannot be a name on the server.
   */
  createJob(id: string, description: JobDescription, options?: JobOptions): Promise<ClusterChannel>;
  /** Errors: FDC_ERR_JOB_MISSING. */
  attachJob(id: string, options?: JobOptions): Promise<ClusterChannel>;
  jobs(): AsyncIterable<JobListing>;
  /** Server version and what to tell the user about the connection, without secrets. */
  readonly server: { readonly version: string; readonly url: string; readonly notices: readonly string[] };
}
