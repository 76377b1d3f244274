/**
 * Host names to addresses: c-ares instead of getaddrinfo (libuv runs only about two of those at a time), each name
 * asked once however many rows wait for it, answers kept for their TTL, failures for a while too.
 */
import { Resolver as CaresResolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { hasFileLeft, isShortage } from '../open-files.ts';
import { Fifo } from '../structures/fifo.ts';
import { hasIPv4, hasIPv6 } from './families.ts';

/** For names that do not exist. */
const MISSING_TTL_MS = 30_000;
/** For name servers that gave no answer: rows that ask at once share it, a retry asks again. */
const FAILURE_TTL_MS = 1_000;
const MIN_TTL_MS = 5_000;
const MAX_TTL_MS = 600_000;
const MAX_NAMES = 50_000;
/** Names that are asked for ahead of need, at a time: enough to be early, few beside those that rows wait for. Chosen. */
const MAX_AHEAD = 32;
const HOSTS_FILE = process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts';

/** Carries one of the row codes that name resolution can end with. */
export class LookupError extends Error {
  readonly code: 'dns_not_found' | 'dns_error' | 'local_shortage';
  constructor(code: LookupError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

type Answer = readonly string[] | LookupError;

/** As much of a c-ares resolver as is needed; a test brings its own. */
export type NameServers = Pick<CaresResolver, 'resolve4' | 'resolve6' | 'cancel'>;

export class NameResolver {
  readonly #servers: NameServers;
  readonly #answers: LRUCache<string, Answer>;
  readonly #asking = new Map<string, Promise<readonly string[]>>();
  readonly #expected = new Fifo<string>();
  #ahead = 0;
  readonly #speaks: { readonly ipv4: boolean; readonly ipv6: boolean };
  #hosts: Promise<Map<string, string[]>> | undefined;

  constructor(clock: Clock, servers: NameServers, speaks = { ipv4: hasIPv4(), ipv6: hasIPv6() }) {
    this.#servers = servers;
    this.#speaks = speaks;
    // A resolution of 0 asks the clock each time, where the default starts timers; a start at 0 would never expire.
    this.#answers = new LRUCache({
      max: MAX_NAMES,
      ttlResolution: 0,
      perf: { now: () => Math.floor(clock.nowMs()) + 1 },
    });
  }

  /** Names whose answer is kept, good or bad. */
  get size(): number {
    return this.#answers.size;
  }

  /** At least one address. Errors: LookupError. */
  async resolve(hostname: string): Promise<readonly string[]> {
    if (isIP(hostname) !== 0) return [hostname];
    const known = this.#answers.get(hostname);
    if (known instanceof LookupError) throw known;
    if (known !== undefined) return known;
    let asking = this.#asking.get(hostname);
    if (asking === undefined) {
      asking = this.#ask(hostname).finally(() => this.#asking.delete(hostname));
      this.#asking.set(hostname, asking);
    }
    return asking;
  }

  /**
   * What is asked when none of the addresses that `resolve` gave answers: those of the other family.
   * @returns undefined where there is nothing to ask: this machine does not speak it
   */
  others(hostname: string): (() => Promise<readonly string[]>) | undefined {
    const { ipv4, ipv6 } = this.#speaks;
    if (!ipv4 || !ipv6 || isIP(hostname) !== 0) return undefined;
    // With a name that no host has, so that both answers are kept side by side.
    const key = `${hostname} ipv6`;
    return async () => {
      const [first = ''] = await this.resolve(hostname);
      if (isIP(first) !== 4) return [];
      const known = this.#answers.get(key);
      if (known !== undefined) return known instanceof LookupError ? [] : known;
      const found = await this.#servers.resolve6(hostname, { ttl: true }).catch(() => []);
      const ttlMs = found.length === 0 ? MISSING_TTL_MS : 1000 * Math.min(...found.map(({ ttl }) => ttl));
      const addresses = found.map(({ address }) => address);
      this.#keep(key, addresses, Math.min(Math.max(ttlMs, MIN_TTL_MS), MAX_TTL_MS));
      return addresses;
    };
  }

  /** The name will be needed: ask for it in its turn, a few at a time. */
  expect(hostname: string): void {
    if (isIP(hostname) !== 0) return;
    this.#expected.push(hostname);
    this.#askAhead();
  }

  /** Nobody needs the name's answer at present. */
  forget(hostname: string): void {
    this.#answers.delete(hostname);
    this.#answers.delete(`${hostname} ipv6`);
  }

  close(): void {
    while (this.#expected.shift() !== undefined);
    this.#servers.cancel();
  }

  #askAhead(): void {
    while (this.#ahead < MAX_AHEAD) {
      const hostname = this.#expected.shift();
      if (hostname === undefined) return;
      if (this.#answers.has(hostname) || this.#asking.has(hostname)) continue;
      this.#ahead += 1;
      const next = (): void => {
        this.#ahead -= 1;
        this.#askAhead();
      };
      this.resolve(hostname).then(next, next);
    }
  }

  async #ask(hostname: string): Promise<readonly string[]> {
    this.#hosts ??= readHostsFile().catch((error: unknown) => {
      this.#hosts = undefined;
      throw lookupError(hostname, error);
    });
    const listed = (await this.#hosts).get(hostname.toLowerCase());
    if (listed !== undefined) return listed;
    try {
      const { addresses, ttlSeconds } = await this.#query(hostname);
      this.#keep(hostname, addresses, Math.min(Math.max(ttlSeconds * 1000, MIN_TTL_MS), MAX_TTL_MS));
      return addresses;
    } catch (cause) {
      const error = cause instanceof LookupError ? cause : lookupError(hostname, cause);
      if (error.code !== 'local_shortage')
        this.#keep(hostname, error, error.code === 'dns_not_found' ? MISSING_TTL_MS : FAILURE_TTL_MS);
      throw error;
    }
  }

  /** An entry is stale once it is older than its ttl, hence the millisecond less. */
  #keep(hostname: string, answer: Answer, ttlMs: number): void {
    this.#answers.set(hostname, answer, { ttl: ttlMs - 1 });
  }

  /** The family this machine speaks first; the other only when that has nothing, since slow AAAA answers are common. */
  async #query(hostname: string): Promise<{ addresses: string[]; ttlSeconds: number }> {
    const ask4 = () => this.#servers.resolve4(hostname, { ttl: true });
    const ask6 = () => this.#servers.resolve6(hostname, { ttl: true });
    let failure: LookupError | undefined;
    for (const ask of this.#speaks.ipv4 ? [ask4, ask6] : [ask6, ask4]) {
      try {
        const found = await ask();
        if (found.length > 0)
          return { addresses: found.map((f) => f.address), ttlSeconds: Math.min(...found.map((f) => f.ttl)) };
      } catch (cause) {
        const error = lookupError(hostname, cause);
        // No answer in one family leaves open what the name has there.
        if (failure === undefined || error.code === 'dns_error') failure = error;
      }
    }
    throw failure ?? new LookupError('dns_not_found', `${hostname}: no addresses`);
  }
}

/**
 * @param servers - `ip` or `ip:port`; none means the system's
 * Errors: RangeError for a server that is not an address.
 */
export function nameServers(servers: readonly string[]): NameServers {
  const cares = new CaresResolver({ timeout: 3000, tries: 3 });
  try {
    if (servers.length > 0) cares.setServers([...servers]);
  } catch {
    throw new RangeError(`dns_server: expected addresses, with or without a port, got '${servers.join(', ')}'`);
  }
  return cares;
}

function lookupError(hostname: string, cause: unknown): LookupError {
  const code = (cause as { code?: string }).code ?? 'unknown';
  // c-ares calls a socket that it could not make a refusal of the server.
  if (isShortage(cause) || (code === 'ECONNREFUSED' && !hasFileLeft()))
    return new LookupError(
      'local_shortage',
      `this machine has no open file left to ask the name servers for ${hostname}`,
    );
  const missing = code === 'ENOTFOUND' || code === 'ENODATA' || code === 'EBADNAME';
  return new LookupError(
    missing ? 'dns_not_found' : 'dns_error',
    `${hostname}: ${missing ? 'no such host' : `name servers: ${code}`}`,
  );
}

async function readHostsFile(): Promise<Map<string, string[]>> {
  const hosts = new Map<string, string[]>();
  // No hosts file is a normal state of a container, not a fault.
  const text = await readFile(HOSTS_FILE, 'utf8').catch((error: unknown) => {
    if (isShortage(error)) throw error;
    return '';
  });
  for (const line of text.split('\n')) {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (address === undefined || isIP(address) === 0) continue;
    for (const name of names) hosts.set(name.toLowerCase(), [...(hosts.get(name.toLowerCase()) ?? []), address]);
  }
  return hosts;
}
