/** Connections by origin, least recently used origins closed: a manifest may name hundreds of thousands of hosts. */
import { LRUCache } from 'lru-cache';
import type { Client } from 'undici';
import type { Clock } from '../../../clock.ts';
import type { Connector } from '../../../network/connector.ts';
import type { Connections } from '../../../paarc/limit.ts';
import { CLOSED, counted, end, endCount, type Line, sendSpelledOut, withEndKept } from './line.ts';
import { MAX_HEAD_BYTES } from './reply-mender.ts';
import { UndiciClient } from './undici-client.ts';

/** Idle sockets cost the host as well as us; four seconds bridge the gaps of a paced host. */
const KEEP_ALIVE_MS = 4_000;
/**
 * Origins without rows that keep their connections for a while: enough for rows that trickle in, and few beside the
 * thousands of hosts that are asked for a single row. A connection with TLS holds some 50 KB. Chosen.
 */
const MAX_RESTING = 128;
/** Origins whose replies are mended, those asked last. Chosen. */
const MAX_MENDED = 2000;
/** So long a host has to close its side of a connection that is another thread's turn to have. Chosen. */
const YIELD_MS = 250;
/** How connections are made. */
type Ways = Pick<Connector, 'connect'> & Partial<Pick<Connector, 'forwards'>>;

interface Origin {
  /** Connections without a request, the one used last at the end. */
  readonly free: Client[];
  readonly all: Map<Client, Line>;
}

/**
 * One undici client per connection, which is what a pool is made of: the gate bounds how many there are, and a request
 * that goes to the connection which has just become free leaves with it, where a pool would open another one.
 */
export class OriginPools {
  readonly #origins = new Map<string, Origin>();
  /** Origins without rows that have connections, the one that rests for longest first. */
  readonly #resting = new Set<string>();
  readonly #connector: Ways;
  readonly #clock: Clock;
  readonly #maxPools: number;
  readonly #maxConnections: number;
  readonly #mended = new LRUCache<string, true>({ max: MAX_MENDED });
  #connections = 0;
  /** The last one: its reply may still be on its way through undici. */
  #givenBack: Client | undefined;

  /** @param maxConnections - so many are open, those without a request included, while as many are not in use */
  constructor(connector: Ways, clock: Clock, maxPools: number, maxConnections: number = Number.POSITIVE_INFINITY) {
    this.#connector = connector;
    this.#clock = clock;
    this.#maxPools = maxPools;
    this.#maxConnections = maxConnections;
  }

  /** Origins with a connection, or with one that may be used again. */
  get size(): number {
    return this.#origins.size;
  }

  /** Origins that answer as no strict parser takes it. */
  get mended(): number {
    return this.#mended.size;
  }

  /** The origin answers as no strict parser takes it: mend what comes on connections that are opened from now on. */
  mend(origin: string): void {
    if (this.#mended.get(origin) === true) return;
    this.#mended.set(origin, true);
    const entry = this.#origins.get(origin);
    if (entry !== undefined) for (const client of entry.free.splice(0)) this.#close(entry, client);
  }

  /** Whether a connection waits for a request. */
  hasFree(origin: string): boolean {
    return (this.#origins.get(origin)?.free.length ?? 0) > 0;
  }

  /**
   * Borrow a connection; give it back when its request has ended.
   * @param connections - where one that is opened has been counted in
   */
  borrow(origin: string, connections?: Connections): Client {
    let entry = this.#origins.get(origin);
    if (entry === undefined) entry = { free: [], all: new Map() };
    else if (this.#origins.size > 1) this.#origins.delete(origin);
    this.#origins.set(origin, entry);
    this.#resting.delete(origin);
    if (this.#origins.size > this.#maxPools) this.#evict();
    const kept = entry.free.pop();
    if (kept !== undefined) return kept;
    if (this.#connections >= this.#maxConnections) this.#closeIdle(1 + this.#connections - this.#maxConnections);
    return this.#open(origin, entry, connections);
  }

  /** @param isUsable - the reply was read to its end, so that the connection can take another request */
  giveBack(origin: string, client: Client, isUsable: boolean): void {
    const entry = this.#origins.get(origin);
    const line = entry?.all.get(client);
    if (entry === undefined || line === undefined) return;
    this.#givenBack = client;
    if (!isUsable || line.isMended !== this.#mended.has(origin)) this.#close(entry, client);
    else if (line.connections?.mustYield() === true) this.#yield(entry, client, line);
    else entry.free.push(client);
  }

  /** The host has no rows at present. */
  rest(host: string): void {
    for (const [origin, entry] of this.#of(host)) {
      if (!isIdle(entry) || entry.all.size === 0) continue;
      this.#resting.add(origin);
      if (this.#resting.size <= MAX_RESTING) continue;
      const longest = this.#resting.values().next().value as string;
      this.#forget(longest, this.#origins.get(longest));
    }
  }

  /** The host will not be asked again soon: close its connections. */
  drop(host: string): void {
    for (const [origin, entry] of this.#of(host)) if (isIdle(entry)) this.#forget(origin, entry);
  }

  /** The machine has no more connections to give: close all that are not in use. */
  shed(): void {
    this.#closeIdle(this.#connections);
  }

  async close(): Promise<void> {
    const clients = [...this.#origins.values()].flatMap(({ all }) => [...all.keys()]);
    this.#origins.clear();
    this.#resting.clear();
    await Promise.all(clients.map((client) => client.destroy(CLOSED)));
  }

  *#of(host: string): Iterable<[string, Origin]> {
    for (const origin of [`http://${host}`, `https://${host}`]) {
      const entry = this.#origins.get(origin);
      if (entry !== undefined) yield [origin, entry];
    }
  }

  #open(origin: string, entry: Origin, connections: Connections | undefined): Client {
    const isMended = this.#mended.get(origin) === true;
    const line: Line = { connections, isMended, giveUp: () => {}, socket: undefined, state: 'kept' };
    connections?.onAsked(() => this.#yieldFrom(origin.slice(origin.indexOf('//') + 2)));
    const client: Client = new UndiciClient(origin, {
      connect: (options, callback) => {
        const kept = withEndKept(client, callback, isMended);
        line.giveUp = this.#connector.connect(options, connections === undefined ? kept : counted(line, kept));
      },
      pipelining: 1,
      // Deadlines are ours: undici's have a grain of a second and do not know our waits.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      ...(isMended ? { maxHeaderSize: MAX_HEAD_BYTES } : {}),
    });
    const forwarded = this.#connector.forwards?.(origin);
    if (forwarded !== undefined) sendSpelledOut(client, origin, forwarded);
    entry.all.set(client, line);
    this.#connections += 1;
    // Without its socket it is no connection, but memory.
    client.on('disconnect', () => {
      const at = entry.free.indexOf(client);
      if (at < 0) return;
      entry.free.splice(at, 1);
      this.#close(entry, client);
      if (entry.all.size === 0 && this.#origins.get(origin) === entry) this.#forget(origin, entry);
    });
    return client;
  }

  /**
   * At once, before the next one is made, which would find no file otherwise; of the origins used longest ago first. The
   * connection given back last stays: its reply may still be on its way through undici.
   */
  #closeIdle(count: number): void {
    let left = count;
    for (const [origin, entry] of this.#origins) {
      const idle = entry.free.filter((client) => client !== this.#givenBack).slice(0, left);
      for (const client of idle) {
        entry.free.splice(entry.free.indexOf(client), 1);
        end(client, this.#remove(entry, client, 'closing'));
      }
      if (idle.length > 0 && entry.all.size === 0) this.#forget(origin, entry);
      left -= idle.length;
      if (left <= 0) return;
    }
  }

  #evict(): void {
    for (const [origin, entry] of this.#origins) {
      if (this.#origins.size <= this.#maxPools) return;
      if (isIdle(entry) && entry.all.size > 0) this.#forget(origin, entry);
    }
  }

  #forget(origin: string, entry: Origin | undefined): void {
    this.#origins.delete(origin);
    this.#resting.delete(origin);
    if (entry === undefined) return;
    entry.free.length = 0;
    for (const client of [...entry.all.keys()]) this.#close(entry, client);
  }

  #close(entry: Origin, client: Client): void {
    const line = this.#remove(entry, client, 'closing');
    // Often from within one of its own callbacks, which undici does not expect to end it; and nothing that is under way
    // in it matters to anybody any more, so its closing cannot fail in a way that does.
    setImmediate(() => end(client, line));
  }

  #remove(entry: Origin, client: Client, state: Line['state']): Line | undefined {
    const line = entry.all.get(client);
    if (line === undefined) return undefined;
    line.state = state;
    entry.all.delete(client);
    this.#connections -= 1;
    return line;
  }

  /** Another thread needs connections to the host: close those that rest, as far as they are due to it. */
  #yieldFrom(host: string): void {
    for (const [, entry] of this.#of(host)) {
      for (let [client] = entry.free; client !== undefined; [client] = entry.free) {
        const line = entry.all.get(client);
        if (line?.connections?.mustYield() !== true) break;
        entry.free.shift();
        this.#yield(entry, client, line);
      }
    }
  }

  /** Our side first: what the host has closed too, it counts no more when the other thread's comes. */
  #yield(entry: Origin, client: Client, line: Line): void {
    this.#remove(entry, client, 'yielding');
    line.connections?.yielding();
    const { socket } = line;
    if (socket === undefined || socket.closed) return endCount(line);
    const forget = this.#clock.timer(YIELD_MS, () => socket.destroy());
    socket.once('close', () => {
      forget();
      client.destroy(CLOSED).catch(() => {});
    });
    socket.end();
  }
}

function isIdle({ free, all }: Origin): boolean {
  return free.length === all.size;
}
