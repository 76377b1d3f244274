/** One undici pool per origin, least recently used ones closed: a manifest may name hundreds of thousands of hosts. */
import { type buildConnector, Pool } from 'undici';

/** Idle sockets cost the host as well as us; four seconds bridge the gaps of a paced host. */
const KEEP_ALIVE_MS = 4_000;

export class OriginPools {
  readonly #pools = new Map<string, { pool: Pool; busy: number }>();
  readonly #connect: buildConnector.connector;
  readonly #maxPools: number;

  constructor(connect: buildConnector.connector, maxPools: number) {
    this.#connect = connect;
    this.#maxPools = maxPools;
  }

  get size(): number {
    return this.#pools.size;
  }

  /** Borrow the origin's pool; give it back when the request has ended. */
  borrow(origin: string): Pool {
    let entry = this.#pools.get(origin);
    if (entry === undefined) {
      entry = { pool: this.#open(origin), busy: 0 };
    } else {
      this.#pools.delete(origin);
    }
    this.#pools.set(origin, entry);
    entry.busy += 1;
    if (this.#pools.size > this.#maxPools) this.#evict();
    return entry.pool;
  }

  giveBack(origin: string): void {
    const entry = this.#pools.get(origin);
    if (entry !== undefined) entry.busy -= 1;
  }

  /** The host will not be asked again soon: close its pools. */
  drop(host: string): void {
    for (const origin of [`http://${host}`, `https://${host}`]) {
      const entry = this.#pools.get(origin);
      if (entry !== undefined && entry.busy === 0) this.#close(origin, entry.pool);
    }
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map(({ pool }) => pool.destroy()));
  }

  #open(origin: string): Pool {
    return new Pool(origin, {
      connect: this.#connect,
      pipelining: 1,
      // The gate bounds connections; undici's own timeouts have a grain of a second and do not know our waits.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
    });
  }

  #evict(): void {
    for (const [origin, entry] of this.#pools) {
      if (this.#pools.size <= this.#maxPools) return;
      if (entry.busy > 0) continue;
      this.#close(origin, entry.pool);
    }
  }

  #close(origin: string, pool: Pool): void {
    this.#pools.delete(origin);
    // Nothing is under way in it, so closing cannot fail in a way that matters to anybody.
    pool.destroy().catch(() => {});
  }
}
