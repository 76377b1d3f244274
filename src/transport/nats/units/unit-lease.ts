/** Holding a unit, and when it is presumed lost. */
import type { JsMsg } from '@nats-io/jetstream';
import { FlowDcError } from '../../../errors.ts';
import type { UnitId } from '../../../record.ts';
import { REQUEST_TIMEOUT_MS, type ServerLink } from '../connection/server-link.ts';

/** Extensions within one lease: two may be lost. */
const EXTENSIONS = 3;
const WORKING = '+WPI';

/**
 * Holding a unit: extended until it is settled. It is presumed lost when the server has not confirmed an extension for
 * a whole lease although it could be reached, when this process stood still for as long, and after a partition of that
 * length. While the server itself is away nobody else can have the unit, so its restarts cost no work.
 */
export class UnitLease {
  readonly #link: ServerLink;
  readonly #message: JsMsg;
  readonly #unit: UnitId;
  readonly #leaseMs: number;
  readonly #lost = new AbortController();
  readonly #stopListening: () => void;
  #cancelTimer: (() => void) | undefined;
  #tickMs: number;
  #confirmedMs: number;
  #isOver = false;

  constructor(link: ServerLink, message: JsMsg, unit: UnitId, leaseMs: number) {
    this.#link = link;
    this.#message = message;
    this.#unit = unit;
    this.#leaseMs = leaseMs;
    this.#tickMs = link.clock.nowMs();
    this.#confirmedMs = this.#tickMs;
    this.#stopListening = link.onReconnect((sameServer) => this.#onReconnect(sameServer));
    this.#schedule();
  }

  /** Aborts when the unit is presumed lost, with FDC_ERR_UNIT_FAILED, or when `end` gets a reason. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Stop extending. @param reason - abort the signal with it */
  end(reason?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimer?.();
    this.#stopListening();
    if (reason !== undefined) this.#lost.abort(reason);
  }

  /** Tell the server something final about the unit, and wait until it knows. A lost answer is harmless. */
  async settle(answer: string): Promise<void> {
    await this.#tell(answer, REQUEST_TIMEOUT_MS).catch(() => {});
  }

  #schedule(): void {
    this.#cancelTimer = this.#link.clock.timer(this.#leaseMs / EXTENSIONS, () => this.#tick());
  }

  #tick(): void {
    const nowMs = this.#link.clock.nowMs();
    if (nowMs - this.#tickMs > this.#leaseMs) return this.#lose();
    this.#tickMs = nowMs;
    if (this.#link.isUp) {
      if (nowMs - this.#confirmedMs > this.#leaseMs) return this.#lose();
      this.#extend(nowMs);
    }
    this.#schedule();
  }

  #extend(nowMs: number): void {
    const confirm = (): void => {
      this.#confirmedMs = Math.max(this.#confirmedMs, nowMs);
    };
    this.#tell(WORKING, this.#leaseMs / EXTENSIONS).then(confirm, () => {});
  }

  #onReconnect(sameServer: boolean): void {
    const nowMs = this.#link.clock.nowMs();
    if (sameServer && nowMs - this.#confirmedMs > this.#leaseMs) return this.#lose();
    this.#confirmedMs = nowMs;
    this.#extend(nowMs);
  }

  #lose(): void {
    this.end(
      new FlowDcError('FDC_ERR_UNIT_FAILED', `The lease on unit ${this.#unit} ended; somebody else may work on it`),
    );
  }

  async #tell(answer: string, timeout: number): Promise<void> {
    // The client's own methods send without waiting for the server's confirmation.
    const { reply } = this.#message as JsMsg & { readonly reply: string };
    await this.#link.connection.request(reply, answer, { timeout });
  }
}
