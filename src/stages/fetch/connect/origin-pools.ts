/** Connections by origin, least recently used origins closed: a manifest may name hundreds of thousands of hosts. */
import { type buildConnector, Client } from 'undici';

/** Idle sockets cost the host as well as us; four seconds bridge the gaps of a paced host. */
const KEEP_ALIVE_MS = 4_000;

interface Origin {
  /** Connections without a request, the one used last at the end. */
  readonly free: Client[];
  readonly all: Set<Client>;
}

/**
 * One undici client per connection, which is what a pool is made of: the gate bounds how many there are, and a request
 * that goes to the connection which has just become free leaves with it, where a pool would open another one.
 */
export class OriginPools {
  readonly #origins = new Map<string, Origin>();
  readonly #connect: buildConnector.connector;
  readonly #maxPools: number;

  constructor(connect: buildConnector.connector, maxPools: number) {
    this.#connect = connect;
    this.#maxPools = maxPools;
  }

  /** Origins with a connection, or with one that may be used again. */
  get size(): number {
    return this.#origins.size;
  }

  /** Borrow a connection; give it back when its request has ended. */
  borrow(origin: string): Client {
    let entry = this.#origins.get(origin);
    if (entry === undefined) entry = { free: [], all: new Set() };
    else if (this.#origins.size > 1) this.#origins.delete(origin);
    this.#origins.set(origin, entry);
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

  /** The host will not be asked again soon: close its connections. */
  drop(host: string): void {
    for (const origin of [`http://${host}`, `https://${host}`]) {
      const entry = this.#origins.get(origin);
      if (entry !== undefined && isIdle(entry)) this.#forget(origin, entry);
    }
  }

  async close(): Promise<void> {
    const clients = [...this.#origins.values()].flatMap(({ all }) => [...all]);
    this.#origins.clear();
    await Promise.all(clients.map((client) => client.destroy()));
  }

  #open(origin: string, entry: Origin): Client {
    const client = new Client(origin, {
      connect: this.#connect,
      pipelining: 1,
      // Deadlines are ours: undici's have a grain of a second and do not know our waits.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
    });
    entry.all.add(client);
    // Without its socket it is no connection, but memory.
    client.on('disconnect', () => {
      const at = entry.free.indexOf(client);
      if (at < 0) return;
      entry.free.splice(at, 1);
      this.#close(entry, client);
      if (entry.all.size === 0 && this.#origins.get(origin) === entry) this.#origins.delete(origin);
    });
    return client;
  }

  #evict(): void {
    for (const [origin, entry] of this.#origins) {
      if (this.#origins.size <= this.#maxPools) return;
      if (isIdle(entry) && entry.all.size > 0) this.#forget(origin, entry);
    }
  }

  #forget(origin: string, entry: Origin): void {
    this.#origins.delete(origin);
    entry.free.length = 0;
    for (const client of entry.all) this.#close(entry, client);
  }

  #close(entry: Origin, client: Client): void {
    entry.all.delete(client);
    // Often from within one of its own callbacks, which undici does not expect to end it; and nothing that is under way
    // in it matters to anybody any more, so its closing cannot fail in a way that does.
    setImmediate(() => client.destroy().catch(() => {}));
  }
}

function isIdle({ free, all }: Origin): boolean {
  return free.length === all.size;
}
