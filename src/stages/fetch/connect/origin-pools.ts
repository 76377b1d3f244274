/** Connections by origin, least recently used origins closed: a manifest may name hundreds of thousands of hosts. */
import { Client } from 'undici';
import type { Connector } from './connector.ts';

/** Idle sockets cost the host as well as us; four seconds bridge the gaps of a paced host. */
const KEEP_ALIVE_MS = 4_000;
/**
 * Origins without rows that keep their connections for a while: enough for rows that trickle in, and few beside the
 * thousands of hosts that are asked for a single row. A connection with TLS holds some 50 KB. Chosen.
 */
const MAX_RESTING = 128;
/** One for all: an error takes a picture of the stack when it is made, and nobody is told of this one. */
const CLOSED = new Error('the connection is not needed any more');

interface Origin {
  /** Connections without a request, the one used last at the end. */
  readonly free: Client[];
  /** Each with what gives it up while it is being made. */
  readonly all: Map<Client, () => void>;
}

/**
 * One undici client per connection, which is what a pool is made of: the gate bounds how many there are, and a request
 * that goes to the connection which has just become free leaves with it, where a pool would open another one.
 */
export class OriginPools {
  readonly #origins = new Map<string, Origin>();
  /** Origins without rows that have connections, the one that rests for longest first. */
  readonly #resting = new Set<string>();
  readonly #connector: Pick<Connector, 'connect'>;
  readonly #maxPools: number;

  constructor(connector: Pick<Connector, 'connect'>, maxPools: number) {
    this.#connector = connector;
    this.#maxPools = maxPools;
  }

  /** Origins with a connection, or with one that may be used again. */
  get size(): number {
    return this.#origins.size;
  }

  /** Whether a connection waits for a request. */
  hasFree(origin: string): boolean {
    return (this.#origins.get(origin)?.free.length ?? 0) > 0;
  }

  /** Borrow a connection; give it back when its request has ended. */
  borrow(origin: string): Client {
    let entry = this.#origins.get(origin);
    if (entry === undefined) entry = { free: [], all: new Map() };
    else if (this.#origins.size > 1) this.#origins.delete(origin);
    this.#origins.set(origin, entry);
    this.#resting.delete(origin);
    if (this.#origins.size > this.#maxPools) this.#evict();
    return entry.free.pop() ?? this.#open(origin, entry);
  }

  /** @param isUsable - the reply was read to its end, so that the connection can take another request */
  giveBack(origin: string, client: Client, isUsable: boolean): void {
    const entry = this.#origins.get(origin);
    if (entry?.all.has(client) !== true) return;
    if (isUsable) entry.free.push(client);
    else this.#close(entry, client);
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

  #open(origin: string, entry: Origin): Client {
    let giveUp = (): void => {};
    const client = new Client(origin, {
      connect: (options, callback) => {
        giveUp = this.#connector.connect(options, callback);
      },
      pipelining: 1,
      // Deadlines are ours: undici's have a grain of a second and do not know our waits.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
    });
    entry.all.set(client, () => giveUp());
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
    const giveUp = entry.all.get(client);
    entry.all.delete(client);
    // Often from within one of its own callbacks, which undici does not expect to end it; and nothing that is under way
    // in it matters to anybody any more, so its closing cannot fail in a way that does.
    setImmediate(() => {
      giveUp?.();
      client.destroy(CLOSED).catch(() => {});
    });
  }
}

function isIdle({ free, all }: Origin): boolean {
  return free.length === all.size;
}
