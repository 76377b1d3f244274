/** What a run is doing at one moment: a line of its timeline, but for its times. */

/** One host at one moment. */
export interface TimelineHost {
  readonly host: string;
  readonly in_flight: number;
  /** Requests that its limit allowed at once. */
  readonly limit: number;
  /** Rows that waited for it, those between two attempts among them. */
  readonly waiting: number;
  /** Requests that ended, per second, since the line before. */
  readonly rate: number;
  /** What its limit was doing, in its controller's words; `paused` while nothing may be sent. */
  readonly state: string;
  /** Until it may be sent to again; absent where it may now, or where that is not known. */
  readonly paused_ms?: number | undefined;
  /** Requests per second that its limit allowed; absent for any number, or where that is not known. */
  readonly allowed?: number | undefined;
  /** Code of the last request that ended since the line before; absent when any of them succeeded. */
  readonly failing?: string | undefined;
}

/** Counts are of this run, from its start. */
export interface TimelineMoment {
  readonly stored: number;
  readonly failed: number;
  readonly skipped: number;
  readonly bytes: number;
  readonly in_flight: number;
  readonly queued: number;
  /** Time in which nothing was sent because the output took no more. Absent where nobody measures it. */
  readonly held_ms?: number | undefined;
  /** Whether requests to more than one host have ended so far. Absent where nobody looks. */
  readonly mixed?: boolean | undefined;
  readonly hosts: readonly TimelineHost[];
}
