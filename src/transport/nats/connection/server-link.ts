/**
 * One connection as everything in this folder uses it: asking again while the server is away, and hearing of its
 * return.
 */
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Clock, sleep } from '../../../clock.ts';
import { FlowDcError } from '../../../errors.ts';
import { publish } from '../../../telemetry/channels.ts';
import { describe, isTransient, serverError } from './nats-error.ts';

/** The client's 5 s would be waited out even when the server is back after half a second. */
export const REQUEST_TIMEOUT_MS = 2_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** A server that restarts, and one that is slow, answers sooner. */
const SILENT_MS = 30_000;

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  /** Give up after this long without an answer. Default: what the link was made with. */
  readonly giveUpMs?: number | undefined;
  /** Errors that the caller deals with: thrown as they came. */
  readonly passes?: ((error: unknown) => boolean) | undefined;
  /** Called before asking again; throws when there is no point in it. */
  readonly between?: (() => Promise<void>) | undefined;
}

export class ServerLink {
  readonly connection: NatsConnection;
  readonly clock: Clock;
  readonly client: JetStreamClient;
  readonly buckets: Kvm;
  readonly manager: JetStreamManager;
  readonly #giveUpMs: number | undefined;
  readonly #listeners = new Set<(sameServer: boolean) => void>();
  #serverId: string | undefined;
  #up = true;
  #unansweredSinceMs: number | undefined;
  #isSilent = false;

  private constructor(
    connection: NatsConnection,
    manager: JetStreamManager,
    clock: Clock,
    giveUpMs: number | undefined,
  ) {
    this.connection = connection;
    this.#giveUpMs = giveUpMs;
    this.clock = clock;
    this.manager = manager;
    this.client = jetstream(connection, { timeout: REQUEST_TIMEOUT_MS });
    this.buckets = new Kvm(this.client);
    this.#serverId = connection.info?.server_id;
    void this.#listen();
  }

  /** @param giveUpMs - for every request; never by default, because a job outlives its server's restarts */
  static async over(connection: NatsConnection, clock: Clock, giveUpMs?: number): Promise<ServerLink> {
    const manager = await jetstreamManager(connection, { timeout: REQUEST_TIMEOUT_MS, checkAPI: false });
    return new ServerLink(connection, manager, clock, giveUpMs);
  }

  /** Whether the server can be reached now, as far as is known. */
  get isUp(): boolean {
    return this.#up;
  }

  /**
   * Hear of every reconnect. @returns how to stop. `sameServer`: it went on without us, rather than being away itself.
   */
  onReconnect(listener: (sameServer: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Do a request until it is answered.
   * @param doing - begins the error message: `cannot read the job's state`
   * Errors: FDC_ERR_TRANSPORT_SERVER for an answer that says no, FDC_ERR_TRANSPORT_CONNECT after `giveUpMs`,
   * FDC_ERR_TRANSPORT_CLOSED, the signal's reason, and what `passes` lets through.
   */
  async ask<T>(doing: string, request: () => Promise<T>, options: AskOptions = {}): Promise<T> {
    const { clock } = this;
    const { giveUpMs = this.#giveUpMs } = options;
    const startMs = clock.nowMs();
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
      try {
        const answer = await request();
        this.#heard();
        return answer;
      } catch (error) {
        if (!isTransient(error)) this.#heard();
        if (options.passes?.(error)) throw error;
        if (!isTransient(error)) throw serverError(error, doing);
        this.#unheard();
        if (giveUpMs !== undefined && clock.nowMs() - startMs > giveUpMs) {
          throw new FlowDcError(
            'FDC_ERR_TRANSPORT_CONNECT',
            `${doing}: the NATS server does not answer (${describe(error)})`,
          );
        }
        await options.between?.();
        await sleep(clock, pauseMs, options.signal);
      }
    }
  }

  #heard(): void {
    this.#unansweredSinceMs = undefined;
    if (!this.#isSilent) return;
    this.#isSilent = false;
    this.#tell('up');
  }

  /** A server that is connected and never answers is no server that is away, and waiting alone may not help. */
  #unheard(): void {
    const nowMs = this.clock.nowMs();
    if (!this.#up) this.#unansweredSinceMs = undefined;
    else this.#unansweredSinceMs ??= nowMs;
    if (this.#isSilent || nowMs - (this.#unansweredSinceMs ?? nowMs) < SILENT_MS) return;
    this.#isSilent = true;
    this.#tell('silent');
  }

  #tell(state: 'up' | 'away' | 'silent'): void {
    publish('flow-dc:server', () => ({ state, server: this.connection.getServer() }));
  }

  async #listen(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect') {
        if (this.#up) this.#tell('away');
        this.#up = false;
      }
      if (status.type !== 'reconnect') continue;
      this.#up = true;
      this.#isSilent = false;
      this.#tell('up');
      const now = this.connection.info?.server_id;
      const sameServer = now === this.#serverId;
      this.#serverId = now;
      for (const listener of [...this.#listeners]) listener(sameServer);
    }
  }
}
