/**
 * Host names to addresses: c-ares instead of getaddrinfo (libuv runs only about two of those at a time), each name asked
 * once however many rows wait for it, answers kept for their TTL, failures for a while too.
 */
import { Resolver as CaresResolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Clock } from '../../clock.ts';

const NEGATIVE_TTL_MS = 30_000;
const MIN_TTL_MS = 5_000;
const MAX_TTL_MS = 600_000;
const MAX_NAMES = 50_000;
const HOSTS_FILE = process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts';

/** Carries one of the row codes that name resolution can end with. */
export class LookupError extends Error {
  readonly code: 'dns_not_found' | 'dns_error';
  constructor(code: LookupError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

interface Answer {
  readonly untilMs: number;
  readonly addresses: readonly string[];
  readonly error?: LookupError;
}

export class NameResolver {
  readonly #cares: CaresResolver;
  readonly #clock: Clock;
  readonly #answers = new Map<string, Answer>();
  readonly #asking = new Map<string, Promise<readonly string[]>>();
  #hosts: Promise<Map<string, string[]>> | undefined;

  /** @param servers - `ip` or `ip:port`; none means the system's */
  constructor(clock: Clock, servers: readonly string[]) {
    this.#clock = clock;
    this.#cares = new CaresResolver({ timeout: 3000, tries: 3 });
    if (servers.length > 0) this.#cares.setServers([...servers]);
  }

  /** IPv4 addresses first, at least one. Errors: LookupError. */
  async resolve(hostname: string): Promise<readonly string[]> {
    if (isIP(hostname) !== 0) return [hostname];
    const known = this.#answers.get(hostname);
    if (known !== undefined && known.untilMs > this.#clock.nowMs()) {
      if (known.error !== undefined) throw known.error;
      return known.addresses;
    }
    let asking = this.#asking.get(hostname);
    if (asking === undefined) {
      asking = this.#ask(hostname).finally(() => this.#asking.delete(hostname));
      this.#asking.set(hostname, asking);
    }
    return asking;
  }

  close(): void {
    this.#cares.cancel();
  }

  async #ask(hostname: string): Promise<readonly string[]> {
    this.#hosts ??= readHostsFile();
    const listed = (await this.#hosts).get(hostname.toLowerCase());
    if (listed !== undefined) return listed;
    try {
      const { addresses, ttlSeconds } = await this.#query(hostname);
      this.#keep(hostname, addresses, Math.min(Math.max(ttlSeconds * 1000, MIN_TTL_MS), MAX_TTL_MS));
      return addresses;
    } catch (cause) {
      const error = toLookupError(hostname, cause);
      this.#keep(hostname, [], NEGATIVE_TTL_MS, error);
      throw error;
    }
  }

  async #query(hostname: string): Promise<{ addresses: string[]; ttlSeconds: number }> {
    const [v4, v6] = await Promise.allSettled([this.#cares.resolve4(hostname, { ttl: true }), this.#cares.resolve6(hostname, { ttl: true })]);
    const found = [...(v4.status === 'fulfilled' ? v4.value : []), ...(v6.status === 'fulfilled' ? v6.value : [])];
    if (found.length === 0) throw v4.status === 'rejected' ? v4.reason : (v6 as PromiseRejectedResult).reason;
    return { addresses: found.map((f) => f.address), ttlSeconds: Math.min(...found.map((f) => f.ttl)) };
  }

  #keep(hostname: string, addresses: readonly string[], ttlMs: number, error?: LookupError): void {
    // Insertion order is age here; the oldest name goes when the table is full.
    if (this.#answers.size >= MAX_NAMES) this.#answers.delete(this.#answers.keys().next().value as string);
    this.#answers.delete(hostname);
    const untilMs = this.#clock.nowMs() + ttlMs;
    this.#answers.set(hostname, error === undefined ? { untilMs, addresses } : { untilMs, addresses, error });
  }
}

function toLookupError(hostname: string, cause: unknown): LookupError {
  const code = (cause as { code?: string }).code ?? 'unknown';
  const missing = code === 'ENOTFOUND' || code === 'ENODATA' || code === 'EBADNAME';
  return new LookupError(missing ? 'dns_not_found' : 'dns_error', `${hostname}: ${missing ? 'no such host' : `name servers: ${code}`}`);
}

async function readHostsFile(): Promise<Map<string, string[]>> {
  const hosts = new Map<string, string[]>();
  // No hosts file is a normal state of a container, not a fault.
  const text = await readFile(HOSTS_FILE, 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (address === undefined || isIP(address) === 0) continue;
    for (const name of names) hosts.set(name.toLowerCase(), [...(hosts.get(name.toLowerCase()) ?? []), address]);
  }
  return hosts;
}
