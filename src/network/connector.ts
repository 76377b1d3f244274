/**
 * How a connection is made: own name resolution, the address guard on every way in (literals, answers, the connected
 * peer), --connect-to, and proxies, which look names up themselves: the guard sees only addresses that stand in URLs
 * then. TLS keeps the URL's host name for SNI and for the certificate check.
 */
import type { Socket } from 'node:net';
import { createSecureContext, rootCertificates } from 'node:tls';
import { LRUCache } from 'lru-cache';
import type { buildConnector } from 'undici';
import type { Clock } from '../clock.ts';
import type { FlowDcError } from '../errors.ts';
import { isShortage } from '../open-files.ts';
import { type AddressGuard, knownAddress } from './address-guard.ts';
import { type ConnectRule, type ConnectTarget, connectTarget } from './connect-to.ts';
import { Dialler } from './dialler.ts';
import { openSocket, type TlsTerms } from './open-socket.ts';
import type { ProxyOf, ProxyServer } from './proxy.ts';
import { LookupError, type NameResolver } from './resolver.ts';
import { neverReached, ProxyError, proxyHeaders, tunnel, wrongCredentials } from './tunnel.ts';

/** Thrown into the request when the guard refuses; `code` is the row code. */
export class AddressRefusedError extends Error {
  readonly code = 'address_refused';
}

export interface ConnectorOptions {
  readonly clock: Pick<Clock, 'timer' | 'nowMs'>;
  readonly resolver: NameResolver;
  readonly guard: AddressGuard;
  readonly rules: readonly ConnectRule[];
  readonly proxyOf: ProxyOf | undefined;
  readonly insecure: boolean;
  /** PEM, in addition to the well-known roots. */
  readonly caPem: string | undefined;
}

/** Hosts whose TLS sessions are kept, those asked last: some 2 KB each. Chosen. */
const MAX_SESSIONS = 256;

type Connected = (error: Error | null, socket: Socket | null) => void;

/** Makes the connections of one engine. Errors at construction: those of node:tls for an unusable certificate. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #terms: TlsTerms;
  readonly #openings = new Set<Opening>();
  readonly #failures = new WeakSet<object>();
  readonly #dialler: Dialler;
  /** Places that the user has named, which may be anywhere: `host:port`. */
  readonly #named = new Set<string>();
  #isFresh = false;
  /** A proxy was reached once. */
  #isProxyKnown = false;

  constructor(options: ConnectorOptions) {
    this.#options = options;
    const { caPem, insecure, clock } = options;
    this.#dialler = new Dialler(clock);
    // One context for all connections: parsing the roots anew for each costs milliseconds.
    const secureContext = createSecureContext({ ca: caPem === undefined ? undefined : [...rootCertificates, caPem] });
    const sessions = new LRUCache<string, Buffer>({ max: MAX_SESSIONS });
    this.#terms = { secureContext, rejectUnauthorized: !insecure, sessions };
  }

  /**
   * Whether a request that starts in this very moment is the first on its connection: undici starts the waiting request
   * while it is handed the new socket, and any other one on a socket that it kept.
   */
  get isFresh(): boolean {
    return this.#isFresh;
  }

  /** The user has named this place: the guard leaves it alone. */
  permit(url: URL): void {
    const { hostname, target } = this.#wayTo(url);
    this.#named.add(`${hostname}:${target.port}`);
  }

  /** Whether `error` ended the making of a connection, rather than one that was made earlier. */
  hasFailedWith(error: Error): boolean {
    return this.#failures.has(error);
  }

  /**
   * Make a connection; what undici's `connect` option is called with. There is no time limit: whoever waits for the
   * connection has one.
   * @returns what gives it up while it is being made; `callback` is not called any more then
   */
  connect(options: Parameters<buildConnector.connector>[0], callback: buildConnector.Callback): () => void {
    const { hostname, isTls, target } = this.#wayTo(options);
    const opening: Opening = {
      hostname,
      isTls,
      target,
      guard: target.isNamed || this.#named.has(`${hostname}:${target.port}`) ? undefined : this.#options.guard,
      done: (error, socket) => {
        if (!this.#openings.delete(opening)) return;
        if (error !== null) this.#failures.add(error);
        (callback as Connected)(error, socket);
      },
      giveUp: undefined,
      isAtProxy: false,
    };
    this.#openings.add(opening);
    const proxy = this.#proxyTo(options);
    const opened =
      proxy === undefined
        ? this.#addressesOf(opening).then((addresses) => this.#try(opening, addresses))
        : this.#through(opening, proxy);
    opened.catch((error: Error) => opening.done(error, null));
    return () => this.#giveUp(opening);
  }

  /** How a proxy that forwards requests over plain HTTP is asked for an origin; else undefined. */
  forwards(origin: string): Forwarding | undefined {
    if (this.#options.proxyOf === undefined || !origin.startsWith('http:')) return undefined;
    const proxy = this.#proxyTo(new URL(origin));
    if (proxy === undefined || !isHttp(proxy)) return undefined;
    return { headers: proxyHeaders(proxy), refused: () => wrongCredentials(proxy) };
  }

  /** Give up connections that are still being made; undici would leave them alone. */
  close(): void {
    for (const opening of this.#openings) this.#giveUp(opening);
  }

  /** What a connection to the host waits for that is not the host itself: the answer of name servers, the proxy. */
  waitsFor(hostname: string): 'names' | 'proxy' | undefined {
    for (const opening of this.#openings) {
      if (opening.hostname !== hostname) continue;
      if (opening.isAtProxy) return 'proxy';
      if (opening.giveUp === undefined) return 'names';
    }
    return undefined;
  }

  /** A connection will be asked for before long: find out where it goes meanwhile. */
  expect(url: URL): void {
    if (this.#proxyTo(url) === undefined) this.#options.resolver.expect(this.#wayTo(url).target.hostname);
  }

  /** Addresses that a URL's host has; none where its name cannot be resolved, or is the proxy's to resolve. */
  async addressesOf(url: URL): Promise<readonly string[]> {
    if (this.#proxyTo(url) !== undefined) return [];
    return this.#options.resolver.resolve(this.#wayTo(url).target.hostname).catch(() => []);
  }

  #wayTo({ hostname: written, port: givenPort, protocol }: { hostname: string; port?: string; protocol: string }) {
    const hostname = written.replace(/^\[|\]$/g, '');
    const isTls = protocol === 'https:';
    const port = Number(givenPort) || (isTls ? 443 : 80);
    const target = connectTarget(this.#options.rules, hostname, port) ?? { hostname, port, isNamed: false };
    return { hostname, isTls, target };
  }

  /** Undefined for the straight way, which is that of a place that the user names, too. */
  #proxyTo(url: { hostname: string; port?: string; protocol: string }): ProxyServer | undefined {
    const { proxyOf } = this.#options;
    if (proxyOf === undefined) return undefined;
    const { isTls, target } = this.#wayTo(url);
    return target.isNamed ? undefined : proxyOf({ ...target, isTls });
  }

  async #through(opening: Opening, proxy: ProxyServer): Promise<void> {
    const { hostname, isTls, target, guard } = opening;
    const literal = knownAddress(target.hostname);
    if (literal !== undefined && guard?.allows(literal, target.hostname) === false) throw refused(hostname, literal);
    const place = proxy.kind === 'socks5' ? ((await this.#addressesOf(opening))[0] as string) : target.hostname;
    const direct = await this.#reach(opening, proxy);
    if (!this.#openings.has(opening)) return;
    const way = isHttp(proxy) && !isTls ? direct : await tunnel(direct, proxy, place, target.port);
    if (!isTls || !this.#openings.has(opening)) return this.#finish(opening, way);
    const plan = { address: place, port: target.port, hostname, isTls, over: way };
    const socket = openSocket(plan, this.#terms, (error, socket) =>
      error === null ? this.#finish(opening, socket) : opening.done(error, null),
    );
    opening.giveUp = () => void socket.destroy();
  }

  /** A socket to the proxy itself, which may be anywhere. Errors: ProxyError; FDC_ERR_PROXY before it was ever there. */
  async #reach(opening: Opening, proxy: ProxyServer): Promise<Socket> {
    opening.isAtProxy = true;
    const failed = (cause: Error): Error => {
      if (!this.#isProxyKnown && !isShortage(cause)) return neverReached(proxy, cause);
      return new ProxyError(`the proxy ${proxy.shown} cannot be reached: ${cause.message}`, { cause, isAway: true });
    };
    const addresses = await this.#options.resolver.resolve(proxy.hostname).catch((error: Error) => {
      throw failed(error);
    });
    const { hostname, port, kind } = proxy;
    return new Promise((resolve, reject) => {
      opening.giveUp = this.#dialler.dial(`proxy ${hostname}`, {
        addresses,
        open: (address, end) => openSocket({ address, port, hostname, isTls: kind === 'https' }, this.#terms, end),
        done: (error, socket) => {
          if (error !== null || socket === null) return reject(failed(error ?? new Error('no addresses')));
          this.#isProxyKnown = true;
          opening.isAtProxy = false;
          // Whoever gives up now is in the middle of talking to the proxy.
          opening.giveUp = () => void socket.destroy();
          resolve(socket);
        },
      });
    });
  }

  #finish({ done }: Opening, socket: Socket): void {
    this.#isFresh = true;
    try {
      done(null, socket);
    } finally {
      this.#isFresh = false;
    }
  }

  #giveUp(opening: Opening): void {
    if (this.#openings.delete(opening)) opening.giveUp?.();
  }

  /** undici never asks a `lookup` for IP literals, hence our own way to addresses, literals included. */
  async #addressesOf({ target: { hostname }, guard }: Opening): Promise<readonly string[]> {
    const addresses = await this.#options.resolver.resolve(hostname);
    if (addresses.length === 0) throw new LookupError('dns_not_found', `${hostname}: no addresses`);
    const allowed = guard === undefined ? addresses : addresses.filter((address) => guard.allows(address, hostname));
    if (allowed.length > 0) return allowed;
    throw refused(hostname, addresses[0] as string);
  }

  #try(opening: Opening, addresses: readonly string[]): void {
    if (!this.#openings.has(opening)) return;
    const { hostname, isTls, target, guard, done } = opening;
    const more = this.#options.resolver.others(target.hostname);
    opening.giveUp = this.#dialler.dial(target.hostname, {
      addresses,
      ...(more === undefined
        ? {}
        : { more: async () => (await more()).filter((address) => guard?.allows(address, target.hostname) !== false) }),
      open: (address, end) => openSocket({ address, port: target.port, hostname, isTls }, this.#terms, end),
      done: (error, socket) => {
        if (error !== null || socket === null) return done(error, null);
        const peer = socket.remoteAddress;
        if (guard !== undefined && peer !== undefined && !guard.allows(peer, target.hostname)) {
          socket.destroy();
          return done(new AddressRefusedError(`${target.hostname} connected to the private address ${peer}`), null);
        }
        this.#finish(opening, socket);
      },
    });
  }
}

function refused(hostname: string, address: string): AddressRefusedError {
  return new AddressRefusedError(
    `${hostname} is the private address ${address}; --allow-private ${hostname} permits it`,
  );
}

function isHttp({ kind }: ProxyServer): boolean {
  return kind === 'http' || kind === 'https';
}

/** A connection that is being made. */
interface Opening {
  readonly hostname: string;
  readonly isTls: boolean;
  readonly target: ConnectTarget;
  /** Undefined where the user has named the place to connect to. */
  readonly guard: AddressGuard | undefined;
  readonly done: Connected;
  /** Undefined while the name is being resolved. */
  giveUp: (() => void) | undefined;
  /** The proxy has not let us in yet. */
  isAtProxy: boolean;
}

/** What a request is sent with that a proxy passes on, its URL spelled out. */
export interface Forwarding {
  readonly headers: Readonly<Record<string, string>>;
  /** Of its answer 407. */
  readonly refused: () => FlowDcError;
}
