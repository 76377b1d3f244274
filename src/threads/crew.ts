/**
 * The work threads of a process. They are started while this thread cannot keep up by itself and units wait, so that a
 * short list starts as quickly as it would without them; each takes units of the process's channel like a worker of its
 * own, under limits of hosts that all of them share.
 */
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { serveLine } from '../host-budget/threads/desk-line.ts';
import type { GateTable } from '../host-budget/threads/gate-table.ts';
import type { LimitDesk } from '../host-budget/threads/limit-desk.ts';
import { startThread } from '../start-thread.ts';
import { publish } from '../telemetry/channels.ts';
import { unpackError } from '../transport/threads/messages.ts';
import { type ServedChannel, serveChannel } from '../transport/threads/serve-channel.ts';
import type { JobChannel } from '../transport/transport.ts';
import type { FromThread, ThreadReport, ToThread, WorkThreadData } from './thread-messages.ts';

export interface CrewOptions {
  /** Threads beside this one, at most. */
  readonly most: number;
  readonly config: ResolvedConfig;
  readonly output: string;
  readonly spillFolder: string;
  readonly worker: string;
  readonly channel: Pick<JobChannel, 'next' | 'commit' | 'record'>;
  /** Units that nobody works on yet. */
  readonly unitsWaiting: () => number;
  readonly table: GateTable;
  readonly desk: LimitDesk;
  readonly clock: Clock;
  readonly drain: AbortSignal;
  readonly stop: AbortSignal;
}

/** How often it is looked whether another thread is called for. */
const LOOK_MS = 150;
/** From this utilisation of its event loop on a thread is taken for busy. Chosen. */
const BUSY = 0.75;
/**
 * So many looks in a row must find this thread busy, with so many units waiting: a thread takes half a second of
 * processor time to start and to warm up, which a list of some thousand rows does not give back. Measured.
 */
const [BUSY_LOOKS, UNITS_WAITING] = [4, 2];
/** A thread that says nothing for so long hangs, and is ended from outside. */
const SILENT_MS = 30_000;

interface CrewThread {
  readonly number: number;
  readonly thread: Worker;
  readonly served: ServedChannel;
  report: ThreadReport;
  heardMs: number;
  hasEnded: boolean;
}

export class Crew {
  readonly #options: CrewOptions;
  readonly #threads = new Set<CrewThread>();
  readonly #ended: Promise<void>;
  #resolve: () => void = () => {};
  #reject: (error: Error) => void = () => {};
  #elu: EventLoopUtilization = performance.eventLoopUtilization();
  #busyLooks = 0;
  #cancelLook: (() => void) | undefined;
  #isOver = false;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever runs the crew asks for it; a failure after that one's end is nobody's.
    this.#ended.catch(() => {});
    options.drain.addEventListener('abort', () => this.#order('drain'), { once: true });
    options.stop.addEventListener('abort', () => this.#order('stop'), { once: true });
    if (options.most > 0) this.#lookLater();
  }

  /** What the threads are doing, as they said last. */
  get reports(): readonly ThreadReport[] {
    return [...this.#threads].map(({ report }) => report);
  }

  /** Rejects when a thread failed in a way that ends the run. */
  get failure(): Promise<void> {
    return this.#ended;
  }

  /** This thread's own work is done: no more threads are started; resolves when those there are have ended. */
  async finish(): Promise<void> {
    this.#isOver = true;
    this.#cancelLook?.();
    if (this.#threads.size === 0) this.#resolve();
    await this.#ended;
  }

  /** End whatever is left. */
  async close(): Promise<void> {
    this.#isOver = true;
    this.#cancelLook?.();
    await Promise.all([...this.#threads].map(({ thread }) => thread.terminate()));
  }

  #lookLater(): void {
    this.#cancelLook = this.#options.clock.timer(LOOK_MS, () => {
      this.#look();
      if (!this.#isOver) this.#lookLater();
    });
  }

  #look(): void {
    const { clock, most, unitsWaiting, drain, stop } = this.#options;
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#elu);
    this.#elu = now;
    for (const member of this.#threads) if (clock.nowMs() - member.heardMs > SILENT_MS) void member.thread.terminate();
    const mayStart = this.#threads.size < most && !drain.aborted && !stop.aborted;
    this.#busyLooks = utilization > BUSY ? this.#busyLooks + 1 : 0;
    if (mayStart && this.#busyLooks >= BUSY_LOOKS && unitsWaiting() >= UNITS_WAITING) this.#start();
  }

  #start(): void {
    const number = this.#freeNumber();
    const { config, output, spillFolder, worker, channel, table, desk, clock } = this.#options;
    const data: WorkThreadData = {
      config,
      output,
      spillFolder,
      worker,
      thread: number,
      gates: { size: table.size, buffer: table.buffer },
    };
    const thread = startThread(new URL('./work-thread.ts', import.meta.url), data);
    const post = (message: ToThread, transfer: readonly ArrayBuffer[] = []): void =>
      thread.postMessage(message, transfer as ArrayBuffer[]);
    const served = serveChannel(channel, {
      post: (message, transfer) => post({ from: 'channel', message } as ToThread, transfer),
    });
    const toDesk = serveLine(desk, number, { post: (message) => post({ from: 'desk', message } as ToThread) });
    const report: ThreadReport = { inFlight: 0, queued: 0, hosts: [] };
    const member: CrewThread = { number, thread, served, report, heardMs: clock.nowMs(), hasEnded: false };
    this.#threads.add(member);
    thread.on('message', (message: FromThread) => {
      member.heardMs = clock.nowMs();
      switch (message.to) {
        case 'channel':
          return served.receive(message.message);
        case 'desk':
          return toDesk(message.message);
        case 'telemetry':
          for (const { name, payload } of message.told) publish(name, () => payload);
          return;
        case 'crew':
          member.report = message.report;
          return;
        case 'end':
          member.hasEnded = true;
          // What a stop makes of a thread's work is no failure of its own.
          if (message.error !== undefined && !this.#options.stop.aborted) this.#reject(unpackError(message.error));
      }
    });
    // What a thread dies of is told by its exit; its units and permits go to the others.
    thread.on('error', () => {});
    thread.once('exit', () => this.#onExit(member));
  }

  #freeNumber(): number {
    const taken = new Set([...this.#threads].map(({ number }) => number));
    let number = 1;
    while (taken.has(number)) number += 1;
    return number;
  }

  #onExit(member: CrewThread): void {
    this.#threads.delete(member);
    member.served.lose();
    this.#options.desk.lose(member.number);
    if (this.#isOver && this.#threads.size === 0) this.#resolve();
  }

  #order(order: 'drain' | 'stop'): void {
    for (const { thread } of this.#threads) thread.postMessage({ from: 'crew', order } satisfies ToThread);
  }
}
