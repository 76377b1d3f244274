/** Writes timeline.jsonl while a run goes on. */
import { appendFile } from 'node:fs/promises';
import type { Clock } from '../clock.ts';
import { readTimeline, type TimelineMoment, type TimelinePoint, thinTimeline } from './timeline-file.ts';

/** What is recorded: this process, or all workers of a job. */
export interface TimelineSource {
  /** Called for every line. */
  read(): TimelineMoment;
  end(): void;
}

/** Lines of all runs together; with 20 hosts of 30 letters a line has 3 kB, so the file stays near 7 MB. */
const MAX_LINES = 2400;
const INTERVAL_MS = 1000;
/** A short run would be over before there is something to draw. */
const EARLY = { lines: 40, intervalMs: 250 } as const;

export class TimelineRecorder {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #source: TimelineSource;
  readonly #maxLines: number;
  readonly #startWallMs: number;
  readonly #startMs: number;
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
    this.#append(() => this.#begin());
    this.#look();
    this.#again();
  }

  /** A last line. Idempotent. @returns a notice for the user when the file could not be written; never throws */
  async end(): Promise<string | undefined> {
    if (this.#cancel !== undefined) {
      this.#cancel();
      this.#cancel = undefined;
      this.#look();
      this.#source.end();
    }
    await this.#writing;
    return this.#failure === undefined
      ? undefined
      : `${this.#path}: not written (${this.#failure.message}); a report will lack this run`;
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
    const elapsedMs = Math.round(this.#clock.nowMs() - this.#startMs);
    return {
      run: this.#startWallMs,
      at: Math.round(this.#clock.wallMs()),
      elapsed_ms: elapsedMs,
      ...this.#source.read(),
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
}
