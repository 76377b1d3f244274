/** A run as plain data, as it is at one moment: what the live page shows and what a scraper is told. */
import type { HostOrder } from '../../host-limits.ts';
import type { Bottleneck } from '../../telemetry/channels.ts';

/** What can be done to a run from outside. */
export type ControlName = 'drain' | 'pause' | 'hosts';

/** Whether it did what it was to do. */
export type Outcome = 'done' | 'stopped' | 'failed';

/** What holds the run, as far as it can be told. */
export type HeldKind = 'nothing' | 'pause' | 'network' | 'host' | 'disk' | 'cpu' | 'memory' | 'limit' | 'source';

export interface Holding {
  readonly by: HeldKind;
  /** One sentence for people. */
  readonly words: string;
  /** The host that is meant. */
  readonly host?: string | undefined;
}

/** Rows with one code. Of codes beyond the first 100, all are counted under `other`. */
export interface CodeCount {
  readonly code: string;
  readonly rows: number;
  readonly meaning: string;
  /** Whether a later run may well get them. */
  readonly isTransient: boolean;
  /** URLs without users, passwords and queries; the last few. */
  readonly samples: readonly string[];
}

export interface ServedWorker {
  readonly name: string;
  readonly state: string;
  readonly units: number;
  readonly rows: number;
  readonly bytes: number;
  readonly rowsPerSecond: number;
  readonly inFlight: number;
  readonly queued: number;
  /** Since it last said anything. */
  readonly silentMs: number;
  /** Of one that went without a word: until others get its units, at the latest. */
  readonly unitsBackMs?: number | undefined;
}

export interface Units {
  readonly committed: number;
  /** Being worked on; absent where that is not known. */
  readonly open?: number | undefined;
  readonly waiting?: number | undefined;
  readonly total?: number | undefined;
}

/** What the process itself needs. */
export interface OwnLoad {
  readonly rssBytes: number;
  /** Cores, over the last second or so. */
  readonly cpu: number;
  /** Share of the time in which the first thread was busy, 0..1. */
  readonly eventLoop: number;
}

export interface Controls {
  /** Absent where it can be done; else why not, in words. */
  readonly refused: Readonly<Partial<Record<ControlName, string>>>;
  readonly isPaused: boolean;
  /** Hosts for which something else was said than the configuration says. */
  readonly rules: readonly HostOrder[];
  /** `cMax` of a rule may be as high; absent where that is not known yet. */
  readonly mostAtOnce?: number | undefined;
}

export interface ServedState {
  readonly version: string;
  /** What is watched: a run in this process, a part of one, a job on a server, a dataset that lies there. */
  readonly kind: 'download' | 'submit' | 'worker' | 'job' | 'dataset';
  readonly output: string;
  readonly job?: string | undefined;
  readonly phase: 'starting' | 'working' | 'paused' | 'draining' | 'ended';
  /** How it ended, in words; only with the phase `ended`. */
  readonly end?: string | undefined;
  /** Only with the phase `ended`. */
  readonly outcome?: Outcome | undefined;
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly atMs: number;
  readonly elapsedMs: number;
  /** `done` with those of earlier runs, the others of this one. */
  readonly rows: {
    readonly done: number;
    readonly total?: number | undefined;
    /** How many there may be in all, where that is not known. */
    readonly guess?: number | undefined;
    readonly fetched: number;
    readonly failed: number;
    readonly skipped: number;
  };
  readonly bytes: number;
  readonly rowsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Absent where it is not known; `etaReason` says what it rests on, or why there is none. */
  readonly etaMs?: number | undefined;
  readonly etaReason: string;
  readonly inFlight: number;
  readonly queued: number;
  readonly threads: number;
  /** Time in which nothing was sent because the output took no more. */
  readonly heldMs: number;
  readonly own?: OwnLoad | undefined;
  /** Hosts that were met, and those with rows now. */
  readonly hosts: { readonly seen: number; readonly busy: number };
  /** Changes of hosts' limits so far. */
  readonly transitions: number;
  readonly codes: readonly CodeCount[];
  readonly holding: Holding;
  readonly bottleneck?: Bottleneck | undefined;
  readonly units: Units;
  readonly workers: readonly ServedWorker[];
  /** The last ones. */
  readonly notices: readonly { readonly atMs: number; readonly text: string }[];
  readonly controls: Controls;
  /** Of the last pictures, newest first. Absent where there are none to be had, with `picturesRefused` saying why. */
  readonly pictures?: readonly number[] | undefined;
  readonly picturesRefused?: string | undefined;
  /** Points of the plots so far: another `version` means that all are others than before. */
  readonly history: { readonly points: number; readonly version: number };
}

/** One moment of the plots. */
export interface HistoryPoint {
  readonly elapsedMs: number;
  readonly rowsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly inFlight: number;
  readonly queued: number;
  /** The busiest ones: name, limit, in flight. */
  readonly hosts: readonly (readonly [string, number, number])[];
}

/** One line of the table of hosts. */
export interface HostLine {
  readonly host: string;
  readonly state: string;
  readonly limit?: number | undefined;
  readonly inFlight: number;
  readonly waiting: number;
  readonly p50Ms?: number | undefined;
  readonly p95Ms?: number | undefined;
  readonly fetched: number;
  readonly failed: number;
  readonly skipped: number;
  readonly bytes: number;
  /** Requests that were answered with 429, 503 and the like. */
  readonly refused: number;
  /** Code of the last row that was not stored. */
  readonly code?: string | undefined;
  /** In words; empty when it waits for nothing. */
  readonly waitsFor: string;
}

/** Of one host, or of several. */
export interface HostCounts {
  readonly rows: number;
  readonly bytes: number;
  readonly refused: number;
}

/** Hosts as they are at one moment. */
export interface HostsNow {
  readonly lines: readonly HostLine[];
  /** Of all hosts, whether they are among the lines or not. */
  readonly all: HostCounts;
}

export const HOST_COLUMNS = [
  'host',
  'state',
  'limit',
  'inFlight',
  'waiting',
  'p50Ms',
  'p95Ms',
  'fetched',
  'failed',
  'bytes',
  'refused',
] as const;
export type HostColumn = (typeof HOST_COLUMNS)[number];

export interface HostQuery {
  readonly sort: HostColumn;
  readonly isRising: boolean;
  /** Part of a host's name; empty for all. */
  readonly search: string;
  readonly offset: number;
  readonly limit: number;
}

export interface HostPage {
  /** Hosts that fit the search. */
  readonly found: number;
  readonly offset: number;
  readonly lines: readonly HostLine[];
}

export interface Picture {
  /** By its signature. */
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** Whatever can be watched: the server asks, nothing is pushed. */
export interface Watched {
  state(): ServedState;
  /** All points so far. */
  history(): readonly HistoryPoint[];
  hosts(query: HostQuery): HostPage;
  /** The hosts with most requests in flight, and these. */
  busiest(most: number, others: Iterable<string>): HostsNow;
  /** Whether the table has a line of that name. */
  hasHost(host: string): boolean;
  picture?(number: number): Picture | undefined;
  /** Errors: whatever is not possible, in words. */
  readonly controls: RunControls;
}

/** Each is absent where it cannot be done. */
export interface RunControls {
  drain?(): void | Promise<void>;
  pause?(isPaused: boolean): void | Promise<void>;
  setHost?(order: HostOrder): void | Promise<void>;
}
