/** One request per waiting caller, none ahead. */
import type { Consumer, JsMsg } from '@nats-io/jetstream';
import { sleep } from '../../../clock.ts';
import { CONSUMER, type JobNames } from '../connection/names.ts';
import { isGone, isTransient, serverError } from '../connection/nats-error.ts';
import type { ServerLink } from '../connection/server-link.ts';

/** How long one request for a message stays open. Renewed at once: idle, a worker costs the server almost nothing. */
const EXPIRES_MS = 5_000;
/** Expiry, and the two heartbeats that the client waits for. */
const LOST_AFTER_MS = 3 * EXPIRES_MS;
const PAUSE_MS = 200;

interface Taker {
  resolve(message: JsMsg | undefined): void;
  reject(error: unknown): void;
}

/**
 * One request per caller, none ahead. A request cannot be taken back without losing what may be on its way, so one
 * whose caller went away stays open for the next caller, and what it brings when there is none is handed back at once.
 */
export class PullSource {
  readonly #link: ServerLink;
  readonly #names: JobNames;
  /** Queue or consumer is not there: finished, cancelled, or being made again. */
  readonly #onGone: () => Promise<void>;
  readonly #takers: Taker[] = [];
  readonly #stop = new AbortController();
  #consumer: Promise<Consumer> | undefined;
  #requests = 0;

  constructor(link: ServerLink, names: JobNames, onGone: () => Promise<void>) {
    this.#link = link;
    this.#names = names;
    this.#onGone = onGone;
  }

  /** Callers that wait for a message. */
  get waiting(): number {
    return this.#takers.length;
  }

  /** The next message; undefined when `wake` was called meanwhile. Rejects with the signal's reason. */
  take(signal?: AbortSignal): Promise<JsMsg | undefined> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const taker: Taker = {
        resolve: (message) => {
          signal?.removeEventListener('abort', abort);
          resolve(message);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', abort);
          reject(error);
        },
      };
      const abort = (): void => {
        const place = this.#takers.indexOf(taker);
        if (place >= 0) this.#takers.splice(place, 1);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#takers.push(taker);
      this.#fill();
    });
  }

  /** Let everybody who waits look around. */
  wake(): void {
    for (const taker of this.#takers.splice(0)) taker.resolve(undefined);
  }

  close(): void {
    this.#stop.abort();
    this.wake();
  }

  #fill(): void {
    while (this.#requests < this.#takers.length && !this.#stop.signal.aborted) {
      this.#requests++;
      void this.#request().finally(() => {
        this.#requests--;
        this.#fill();
      });
    }
  }

  async #request(): Promise<void> {
    try {
      this.#consumer ??= this.#link.client.consumers.get(this.#names.unitStream, CONSUMER);
      const message = await this.#inTime((await this.#consumer).next({ expires: EXPIRES_MS }));
      if (message !== null) this.#give(message);
    } catch (error) {
      this.#consumer = undefined;
      if (this.#stop.signal.aborted) return;
      await this.#afterError(error);
    }
  }

  /** A request that outlives its end was lost with its server. What it may still bring goes back at once. */
  async #inTime(request: Promise<JsMsg | null>): Promise<JsMsg | null> {
    const done = new AbortController();
    let isLate = false;
    const late = sleep(this.#link.clock, LOST_AFTER_MS, done.signal).then(
      () => {
        isLate = true;
        return null;
      },
      () => null,
    );
    request.then((message) => isLate && message?.nak()).catch(() => {});
    try {
      return await Promise.race([request, late]);
    } finally {
      done.abort();
    }
  }

  #give(message: JsMsg): void {
    const taker = this.#stop.signal.aborted ? undefined : this.#takers.shift();
    if (taker === undefined) message.nak();
    else taker.resolve(message);
  }

  async #afterError(error: unknown): Promise<void> {
    try {
      if (isGone(error)) await this.#onGone();
      else if (!isTransient(error)) throw serverError(error, 'cannot take units from the queue');
      await sleep(this.#link.clock, PAUSE_MS, this.#stop.signal);
    } catch (fatal) {
      if (this.#stop.signal.aborted) return;
      for (const taker of this.#takers.splice(0)) taker.reject(fatal);
    }
  }
}
