/** One work thread as its process sees it: what it is told, what it says, how it ends. */
import type { Worker } from 'node:worker_threads';
import { serveLine } from '../host-budget/threads/desk-line.ts';
import type { LimitDesk } from '../host-budget/threads/limit-desk.ts';
import type { PoisonNotes } from '../job/poison-notes.ts';
import { startThread } from '../start-thread.ts';
import { RowPulse } from '../structures/row-pulse.ts';
import { publish } from '../telemetry/channels.ts';
import { unpackError } from '../transport/threads/messages.ts';
import { type ServedChannel, serveChannel } from '../transport/threads/serve-channel.ts';
import { utilizationMeter } from './load-meter.ts';
import type { OneNetwork } from './one-network.ts';
import type { FromThread, Order, ThreadReport, ToThread, WorkThreadData } from './thread-messages.ts';
import type { UnitTaker } from './unit-exchange.ts';

export interface CrewThreadOptions {
  readonly data: WorkThreadData;
  readonly channel: UnitTaker;
  readonly desk: LimitDesk;
  readonly network: OneNetwork;
  readonly poison: PoisonNotes;
}

export interface CrewThreadEvents {
  /** Its work ended in an error that is the run's. */
  readonly onFailure: (error: Error) => void;
  /** It is gone. */
  readonly onExit: (thread: CrewThread) => void;
}

export class CrewThread {
  readonly number: number;
  /** What it is doing, as it said last. */
  report: ThreadReport = { queued: 0, hosts: [], spareUnits: 0, heldMs: 0, bodyBytesHeld: 0 };
  /** For how long it has said nothing. */
  silentMs = 0;
  readonly exited: Promise<void>;
  /** Of its event loop, since the last call. */
  readonly utilization: () => number;
  readonly #thread: Worker;
  readonly #served: ServedChannel;
  readonly #taker: UnitTaker;
  readonly #desk: LimitDesk;
  readonly #pulse: RowPulse;
  readonly #poison: PoisonNotes;
  #hasSaidAll = false;
  #fault: Error | undefined;

  /** Throws when the machine gives us no thread. */
  constructor({ data, channel, desk, network, poison }: CrewThreadOptions, { onFailure, onExit }: CrewThreadEvents) {
    this.number = data.thread;
    this.#desk = desk;
    this.#taker = channel;
    this.#pulse = new RowPulse(data.pulse);
    this.#poison = poison;
    const thread = startThread(new URL('./work-thread.ts', import.meta.url), data);
    this.#thread = thread;
    this.utilization = utilizationMeter(thread.performance);
    this.#served = serveChannel(channel, {
      post: (message, transfer) => this.#post({ from: 'channel', message } as ToThread, transfer),
    });
    const toDesk = serveLine(desk, data.thread, {
      post: (message) => this.#post({ from: 'desk', message } as ToThread),
    });
    thread.on('message', (message: FromThread) => {
      this.silentMs = 0;
      switch (message.to) {
        case 'channel':
          return this.#served.receive(message.message);
        case 'desk':
          return toDesk(message.message);
        case 'telemetry':
          for (const { name, payload } of message.told) {
            if (name === 'flow-dc:network') network.note(data.thread, payload.isHeld);
            else publish(name, () => payload);
          }
          return;
        case 'crew':
          this.report = message.report;
          return;
        case 'end':
          this.#hasSaidAll = true;
          if (message.error !== undefined) onFailure(unpackError(message.error));
      }
    });
    thread.on('error', (error: unknown) => {
      this.#fault ??= error instanceof Error ? error : new Error(String(error));
    });
    this.exited = new Promise((resolve) => {
      thread.once('exit', () => {
        network.note(data.thread, false);
        onExit(this);
        resolve();
      });
    });
  }

  /** Units in its hands. */
  get units(): number {
    return this.#taker.units;
  }

  /** It has no unit, and waits for one. */
  get isStarved(): boolean {
    return this.#taker.isStarved;
  }

  /** Why it ended, or is being ended, before its work was done. */
  get fault(): Error | undefined {
    if (this.#hasSaidAll) return undefined;
    return this.#fault ?? new Error('it exited by itself');
  }

  /** Units that it has taken and not begun, as it said last. */
  get spareUnits(): number {
    return this.report.spareUnits;
  }

  passOn(units: number): void {
    this.order({ kind: 'pass-on', units });
  }

  order(order: Order): void {
    this.#post({ from: 'crew', order });
  }

  /** End it from outside. @param why - StoodStill when it answers no more */
  terminate(why: Error): void {
    this.#fault ??= why;
    void this.#thread.terminate();
  }

  /** What it held goes to others. @param fault - counted as an error of its units; without it they are nobody's */
  lose(fault: Error | undefined): void {
    this.#taker.leave();
    const row = fault === undefined ? undefined : this.#pulse.row;
    const isRowKnown = row !== undefined && this.#blame(row, fault);
    this.#served.lose(fault, (unit) => isRowKnown || this.#poison.isTrying(unit));
    this.#desk.lose(this.number);
  }

  /** @returns false for an end that may come at any row: somebody else's doing */
  #blame(row: number, fault: Error | undefined): boolean {
    if (fault instanceof StoodStill) return this.#poison.add(row);
    const isOutOfMemory = fault !== undefined && 'code' in fault && fault.code === 'ERR_WORKER_OUT_OF_MEMORY';
    if (isOutOfMemory) this.#poison.blame(row);
    return isOutOfMemory;
  }

  #post(message: ToThread, transfer: readonly ArrayBuffer[] = []): void {
    this.#thread.postMessage(message, transfer as ArrayBuffer[]);
  }
}

/** A thread that answers no more. */
export class StoodStill extends Error {
  constructor(silentMs: number) {
    super(`it said nothing for ${silentMs / 1000} s`);
  }
}
