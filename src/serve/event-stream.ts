/** The state, pushed to every page that is open: made once however many there are, and never piled up for a slow one. */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { Refused } from './guard.ts';
import { replyEvents } from './replies.ts';
import type { Watched } from './watch/served-state.ts';

const INTERVAL_MS = 500;
const MAX_CLIENTS = 64;
/** Who has not taken the last state for so long is gone. */
const SLOW_MS = 30_000;
/** A browser that lost the connection comes back after so long. */
const RETRY_MS = 2000;
const LAST_HOSTS = 200;

interface Client {
  readonly response: ServerResponse;
  /** Since when it has not taken what it was sent. */
  fullSinceMs: number | undefined;
}

/** @param clock - whose timers keep no process alive */
export class EventStream {
  readonly #watched: Watched;
  readonly #clock: Clock;
  readonly #clients = new Set<Client>();
  #cancel: (() => void) | undefined;
  #isOver = false;

  constructor(watched: Watched, clock: Clock) {
    this.#watched = watched;
    this.#clock = clock;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** @throws Refused when too many pages are open, and for a second one behind one that does not end */
  open(response: ServerResponse): void {
    // A place is for who listens.
    if (response.req.method === 'HEAD') {
      replyEvents(response);
      response.end();
      return;
    }
    const { socket } = response.req;
    for (const client of this.#clients)
      if (client.response.req.socket === socket) throw new Refused(409, 'one of these is open on this connection');

    if (this.#clients.size >= MAX_CLIENTS)
      throw new Refused(503, `${MAX_CLIENTS} pages are open, which is as many as there may be`);
    replyEvents(response);
    response.write(`retry: ${RETRY_MS}\n\n`);
    const client: Client = { response, fullSinceMs: undefined };
    if (this.#isOver) return this.#endOne(client);
    this.#clients.add(client);
    response.on('drain', () => {
      client.fullSinceMs = undefined;
    });
    response.on('close', () => this.#clients.delete(client));
    response.on('error', () => this.#clients.delete(client));
    this.#send(client, this.#text('state'));
    this.#again();
  }

  /** The last state goes out, and every page knows that it is the last. */
  end(): void {
    this.#isOver = true;
    this.#cancel?.();
    for (const client of this.#clients) this.#endOne(client);
    this.#clients.clear();
  }

  /** Nothing can be asked any more after this: with the hosts as they are at the end, as far as they fit. */
  #endOne({ response }: Client): void {
    const hosts = this.#watched.hosts({ sort: 'fetched', isRising: false, search: '', offset: 0, limit: LAST_HOSTS });
    response.write(`event: hosts\ndata: ${JSON.stringify(hosts)}\n\n`);
    response.end(this.#text('end'));
  }

  #again(): void {
    this.#cancel ??= this.#clock.timer(INTERVAL_MS, () => {
      this.#cancel = undefined;
      if (this.#clients.size === 0) return;
      const text = this.#text('state');
      for (const client of this.#clients) this.#send(client, text);
      this.#again();
    });
  }

  /** What a slow one misses it does not need: the next state holds everything. */
  #send(client: Client, text: string): void {
    const { response, fullSinceMs } = client;
    if (fullSinceMs === undefined) {
      if (!response.write(text)) client.fullSinceMs = this.#clock.nowMs();
    } else if (this.#clock.nowMs() - fullSinceMs > SLOW_MS) {
      this.#clients.delete(client);
      response.destroy();
    }
  }

  #text(event: 'state' | 'end'): string {
    return `event: ${event}\ndata: ${JSON.stringify(this.#watched.state())}\n\n`;
  }
}
