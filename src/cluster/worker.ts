/** A worker's own side of a job: its configuration, and what it says of itself once a second. */
import type { Clock } from '../clock.ts';
import { combineConfig } from '../config/combine.ts';
import { resolveConfig } from '../config/resolve.ts';
import type { Slice } from '../config/schema/key.ts';
import { CONFIG_KEYS } from '../config/schema.ts';
import type { Config, ResolvedConfig } from '../config/types.ts';
import { subscribe } from '../telemetry/channels.ts';
import type { ClusterChannel, WorkerStatus } from '../transport/cluster.ts';

/** What a job decides for all of its workers; everything else is each worker's own business. */
const OF_THE_JOB: ReadonlySet<Slice | undefined> = new Set([
  'manifest',
  'partition',
  'fetch',
  'paarc',
  'sink',
  'store',
]);
/** Where credentials are is different on every machine. */
const OF_A_MACHINE: ReadonlySet<string> = new Set(['s3_profile']);

const INTERVAL_MS = 1_000;
/** Rates are read over this much of the past. */
const RATE_WINDOW_MS = 5_000;

/**
 * The configuration of one worker: the job's settings, over them what this worker was told (headers, limits, paths of
 * its own machine), and its own way to run.
 * Errors: FDC_ERR_CONFIG_INVALID, also for settings that a later version of the submitter knows and this one does not.
 */
export function workerConfig(settings: Readonly<Record<string, unknown>>, own: Config): ResolvedConfig {
  const ofJob = Object.entries(settings).filter(
    ([key]) => !CONFIG_KEYS.has(key) || (OF_THE_JOB.has(CONFIG_KEYS.get(key)?.fdc.slice) && !OF_A_MACHINE.has(key)),
  );
  const { config } = combineConfig({ flags: { ...(Object.fromEntries(ofJob) as Config), ...own } });
  return resolveConfig(config, 'submit');
}

/** What a job's settings may hold: they are kept in the output and on the server, where others read them. */
export function withoutClusterKeys(config: Config): Config {
  const kept = Object.entries(config).filter(([key]) => CONFIG_KEYS.get(key)?.fdc.slice !== 'cluster');
  return Object.fromEntries(kept) as Config;
}

/** Counts rows and bytes of this process, whatever job they belong to. */
export class WorkCounter {
  readonly #clock: Clock;
  readonly #past: { readonly atMs: number; readonly rows: number }[] = [];
  readonly #unsubscribe: readonly (() => void)[];
  #rows = 0;
  #bytes = 0;
  #refused = 0;
  #fetchedOpen = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#unsubscribe = [
      subscribe('flow-dc:row', ({ status, bytes }) => {
        this.#rows += 1;
        if (status === 'fetched') this.#fetchedOpen += 1;
        this.#bytes += bytes;
      }),
      subscribe('flow-dc:unit-committed', ({ record }) => {
        this.#fetchedOpen -= record.stored;
      }),
      subscribe('flow-dc:refused', () => {
        this.#refused += 1;
      }),
    ];
  }

  /**
   * Call about once a second: the rate is over the calls of the last few.
   * @param openUnits - in the worker's hands; without any there are no rows of them, whatever was lost before
   */
  read(openUnits: number): Pick<WorkerStatus, 'rowsDone' | 'bytes' | 'rowsPerSecond' | 'refused' | 'fetchedOpen'> {
    if (openUnits === 0) this.#fetchedOpen = 0;
    const nowMs = this.#clock.nowMs();
    this.#past.push({ atMs: nowMs, rows: this.#rows });
    while (this.#past.length > 2 && (this.#past[1]?.atMs ?? nowMs) <= nowMs - RATE_WINDOW_MS) this.#past.shift();
    const first = this.#past[0];
    const seconds = (nowMs - (first?.atMs ?? nowMs)) / 1000;
    const rowsPerSecond = first === undefined || seconds <= 0 ? 0 : (this.#rows - first.rows) / seconds;
    const fetchedOpen = Math.max(0, this.#fetchedOpen);
    return { rowsDone: this.#rows, bytes: this.#bytes, rowsPerSecond, refused: this.#refused, fetchedOpen };
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }
}

export interface HeartbeatSource {
  readonly worker: string;
  readonly name: string;
  readonly clock: Clock;
  readonly counter: WorkCounter;
  /** What is told beside the counts, asked for each time. */
  now(): Pick<WorkerStatus, 'state' | 'units' | 'inFlight' | 'queued' | 'hosts' | 'heldBy'>;
  /** Since the call before. */
  latencies?(): WorkerStatus['latencies'];
}

/** Begin to tell the channel; the returned function says goodbye. */
export function startHeartbeat(channel: Pick<ClusterChannel, 'heartbeat'>, source: HeartbeatSource): () => void {
  const { worker, name, clock, counter } = source;
  const say = (rest: ReturnType<HeartbeatSource['now']>): void => {
    const counts = counter.read(rest.units.length);
    channel.heartbeat({ worker, name, atMs: clock.wallMs(), ...counts, ...rest, latencies: source.latencies?.() });
  };
  let cancel = (): void => {};
  const beat = (): void => {
    say(source.now());
    cancel = clock.timer(INTERVAL_MS, beat);
  };
  beat();
  return () => {
    cancel();
    say({ state: 'gone', units: [], inFlight: 0, queued: 0, hosts: [] });
  };
}
