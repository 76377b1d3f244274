/** Writes timeline.jsonl while a run goes on. */
import { appendFile } from 'node:fs/promises';
import type { Clock } from '../clock.ts';
import { subscribe } from '../telemetry/channels.ts';
import { readTimeline, type TimelineHost, type TimelinePoint, thinTimeline } from './timeline-file.ts';

/** What the recorder looks at: the fetch stage. */
export interface TimelineSource {
  stats(): { readonly inFlight: number; readonly queued: number };
  busiestHosts(most: number): readonly {
    readonly host: string;
    readonly inFlight: number;
    readonly limit: number;
    readonly waiting: number;
    readonly isPaused: boolean;
  }[];
}

/** Lines of all runs together; with 20 hosts of 30 letters a line has 3 kB, so the file stays near 7 MB. */
const MAX_LINES = 2400;
const MAX_HOSTS = 20;
const INTERVAL_MS = 1000;
/** A short run would be over before there is something to draw. */
const EARLY = { lines: 40, intervalMs: 250 } as const;
/** States that are remembered of hosts; more and the one that was told first goes. */
const MAX_STATES = 4096;

export class TimelineRecorder {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #source: TimelineSource;
  readonly #maxLines: number;
  readonly #startWallMs: number;
  readonly #startMs: number;
  readonly #unsubscribe: readonly (() => void)[];
  readonly #counts = { fetched: 0, failed: 0, skipped: 0, bytes: 0 };
  readonly #states = new Map<string, string>();
  #attempts = new Map<string, number>();
  #lookedAtMs: number;
  #intervalMs = INTERVAL_MS;
  #looks = 0;
  #lines = 0;
  #cancel: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  /** Begin with a first line. @param path - grows by this run; older runs stay in it */
  constructor(path: string, source: TimelineSource, clock: Clock, maxLines = MAX_LINES) {
    this.#path = path;
    this.#source = source;
    this.#clock = clock;
    this.#maxLines = maxLines;
    this.#startWallMs = Math.round(clock.wallMs());
    this.#startMs = clock.nowMs();
    this.#lookedAtMs = this.#startMs;
    this.#unsubscribe = [
      subscribe('flow-dc:row', ({ status, bytes }) => {
        this.#counts[status] += 1;
        this.#counts.bytes += bytes;
      }),
      subscribe('flow-dc:attempt', ({ host }) => this.#attempts.set(host, (this.#attempts.get(host) ?? 0) + 1)),
      subscribe('flow-dc:limit', ({ host, transition }) => this.#noteState(host, transition.to)),
    ];
    this.#append(() => this.#begin());
    this.#look();
    this.#again();
  }

  /** A last line. Idempotent. @returns a notice for the user when the file could not be written; never throws */
  async end(): Promise<string | undefined> {
    if (this.#cancel !== undefined) {
      this.#cancel();
      this.#cancel = undefined;
      for (const end of this.#unsubscribe) end();
      this.#look();
    }
    await this.#writing;
    return this.#failure === undefined ? undefined : `${this.#path}: not written (${this.#failure.message}); a report will lack this run`;
  }

  #again(): void {
    this.#cancel = this.#clock.timer(this.#looks < EARLY.lines ? EARLY.intervalMs : this.#intervalMs, () => {
      this.#look();
      this.#again();
    });
  }

  #look(): void {
    const line = `${JSON.stringify(this.#point())}\n`;
    this.#append(() => appendFile(this.#path, line));
    this.#looks += 1;
    this.#lines += 1;
    if (this.#lines < this.#maxLines) return;
    this.#lines = Math.ceil(this.#lines / 2);
    this.#intervalMs *= 2;
    this.#append(async () => {
      this.#lines = await thinTimeline(this.#path);
    });
  }

  #point(): TimelinePoint {
    const nowMs = this.#clock.nowMs();
    const { fetched: stored, failed, skipped, bytes } = this.#counts;
    const { inFlight, queued } = this.#source.stats();
    const seconds = (nowMs - this.#lookedAtMs) / 1000;
    const hosts = this.#source.busiestHosts(MAX_HOSTS).map(
      ({ host, inFlight: in_flight, limit, waiting, isPaused }): TimelineHost => ({
        ...{ host, in_flight, limit, waiting },
        rate: seconds > 0 ? Math.round(((this.#attempts.get(host) ?? 0) / seconds) * 100) / 100 : 0,
        state: isPaused ? 'paused' : (this.#states.get(host) ?? 'new'),
      }),
    );
    this.#attempts = new Map();
    this.#lookedAtMs = nowMs;
    return {
      ...{ run: this.#startWallMs, at: Math.round(this.#clock.wallMs()), elapsed_ms: Math.round(nowMs - this.#startMs) },
      ...{ stored, failed, skipped, bytes, in_flight: inFlight, queued, hosts },
    };
  }

  /** Lines of older runs count. A line that a kill has torn is ended, or ours would be part of it. */
  async #begin(): Promise<void> {
    await appendFile(this.#path, '\n');
    let older = 0;
    for await (const _point of readTimeline(this.#path)) older += 1;
    this.#lines += older * 2 < this.#maxLines ? older : await thinTimeline(this.#path);
  }

  #append(write: () => Promise<void>): void {
    const unlessFailed = (): Promise<void> | undefined => (this.#failure === undefined ? write() : undefined);
    this.#writing = this.#writing.then(unlessFailed).catch((error: Error) => {
      this.#failure = error;
    });
  }

  #noteState(host: string, state: string): void {
    this.#states.delete(host);
    this.#states.set(host, state);
    if (this.#states.size > MAX_STATES) this.#states.delete(this.#states.keys().next().value as string);
  }
}
