/**
 * How a connection is made: own name resolution, the address guard on every way in (literals, answers, the connected
 * peer), and --connect-to. TLS keeps the URL's host name for SNI and for the certificate check.
 */
import { isIP, type Socket } from 'node:net';
import { createSecureContext, rootCertificates } from 'node:tls';
import { buildConnector } from 'undici';
import type { AddressGuard } from './address-guard.ts';
import { LookupError, type NameResolver } from './resolver.ts';

/** Thrown into the request when the guard refuses; `code` is the row code. */
export class AddressRefusedError extends Error {
  readonly code = 'address_refused';
}

export interface ConnectorOptions {
  readonly resolver: NameResolver;
  readonly guard: AddressGuard;
  readonly rules: readonly ConnectRule[];
  readonly timeoutMs: number;
  readonly insecure: boolean;
  /** PEM, in addition to the well-known roots. */
  readonly caPem: string | undefined;
}

type Connected = (error: Error | null, socket: Socket | null) => void;
type ConnectOptions = Parameters<buildConnector.connector>[0];

/** Makes the connections of one engine. Errors at construction: those of node:tls for an unusable certificate. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #open: buildConnector.connector;
  readonly #opening = new Set<Socket>();
  readonly #failures = new WeakSet<object>();
  #isFresh = false;
  #isClosed = false;

  constructor(options: ConnectorOptions) {
    this.#options = options;
    const { caPem, timeoutMs, insecure } = options;
    // One context for all connections: parsing the roots anew for each costs milliseconds.
    const secureContext = createSecureContext({ ca: caPem === undefined ? undefined : [...rootCertificates, caPem] });
    this.#open = buildConnector({ timeout: timeoutMs, keepAlive: true, rejectUnauthorized: !insecure, secureContext });
  }

  /**
   * Whether a request that starts in this very moment is the first on its connection: undici starts the waiting request
   * while it is handed the new socket, and any other one on a socket that it kept.
   */
  get isFresh(): boolean {
    return this.#isFresh;
  }

  /** Whether `error` ended the making of a connection, rather than one that was made earlier. */
  hasFailedWith(error: Error): boolean {
    return this.#failures.has(error);
  }

  /** For undici's `connect` option. */
  readonly connect: buildConnector.connector = (opts, callback) => {
    const hostname = opts.hostname.replace(/^\[|\]$/g, '');
    const port = Number(opts.port) || (opts.protocol === 'https:' ? 443 : 80);
    const target = connectTarget(this.#options.rules, hostname, port) ?? { hostname, port, isNamed: false };
    const guard = target.isNamed ? undefined : this.#options.guard;
    const servername = isIP(hostname) === 0 ? hostname : '';
    const done: Connected = (error, socket) => {
      if (error !== null) this.#failures.add(error);
      (callback as Connected)(error, socket);
    };
    this.#addressesOf(target.hostname, guard)
      .then((addresses) =>
        this.#try(addresses, 0, { ...opts, port: String(target.port), servername }, target.hostname, guard, done),
      )
      .catch((error: Error) => done(error, null));
  };

  /** Give up connections that are still being made; undici would leave them to their time limit. */
  close(): void {
    this.#isClosed = true;
    for (const socket of this.#opening) socket.destroy();
  }

  /** undici never asks a `lookup` for IP literals, hence our own way to addresses, literals included. */
  async #addressesOf(hostname: string, guard: AddressGuard | undefined): Promise<readonly string[]> {
    const addresses = await this.#options.resolver.resolve(hostname);
    if (addresses.length === 0) throw new LookupError('dns_not_found', `${hostname}: no addresses`);
    const allowed = guard === undefined ? addresses : addresses.filter((address) => guard.allows(address, hostname));
    if (allowed.length > 0) return allowed;
    throw new AddressRefusedError(
      `${hostname} is the private address ${addresses[0]}; --allow-private ${hostname} permits it`,
    );
  }

  /** Addresses one after the other: a host with a dead address is still reached by its next one. */
  #try(
    addresses: readonly string[],
    at: number,
    opts: ConnectOptions,
    name: string,
    guard: AddressGuard | undefined,
    done: Connected,
  ): void {
    if (this.#isClosed) return done(new Error('the fetch stage was closed'), null);
    const opening = this.#open({ ...opts, hostname: addresses[at] as string }, (error, socket) => {
      this.#opening.delete(opening);
      if (socket === null || error !== null) {
        if (at + 1 < addresses.length && isUnreachable(error))
          return this.#try(addresses, at + 1, opts, name, guard, done);
        return done(error, null);
      }
      const peer = socket.remoteAddress;
      if (guard !== undefined && peer !== undefined && !guard.allows(peer, name)) {
        socket.destroy();
        return done(new AddressRefusedError(`${name} connected to the private address ${peer}`), null);
      }
      this.#isFresh = true;
      try {
        done(null, socket);
      } finally {
        this.#isFresh = false;
      }
    }) as unknown as Socket;
    this.#opening.add(opening);
  }
}

function isUnreachable(error: Error | null): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'ENETUNREACH' || code === 'EHOSTUNREACH' || code === 'ECONNREFUSED' || code === 'EADDRNOTAVAIL';
}

/** `--connect-to HOST1:PORT1:HOST2:PORT2`: send connections for one place to another, as curl does. */
export interface ConnectTarget {
  readonly hostname: string;
  readonly port: number;
  /** The rule names the host to connect to: the user's own choice, which the address guard leaves alone. */
  readonly isNamed: boolean;
}

export interface ConnectRule {
  /** Lower case, IPv6 without brackets; '' matches any host. */
  readonly fromHost: string;
  /** 0 matches any port. */
  readonly fromPort: number;
  /** '' keeps the URL's host, 0 its port. */
  readonly toHost: string;
  readonly toPort: number;
}

/**
 * Parse one rule. IPv6 addresses stand in brackets; every part may be empty.
 * Errors: RangeError that says what a rule looks like.
 */
export function parseConnectTo(text: string): ConnectRule {
  const match = /^(\[[^\]]*\]|[^:]*):(\d*):(\[[^\]]*\]|[^:]*):(\d*)$/.exec(text);
  if (match === null)
    throw new RangeError(`connect_to: expected HOST1:PORT1:HOST2:PORT2 (any part may be empty), got '${text}'`);
  const [, fromHost = '', fromPort = '', toHost = '', toPort = ''] = match;
  return { fromHost: bare(fromHost), fromPort: Number(fromPort), toHost: bare(toHost), toPort: Number(toPort) };
}

/** The first rule that matches decides. Undefined: connect to the URL's own place. */
export function connectTarget(
  rules: readonly ConnectRule[],
  hostname: string,
  port: number,
): ConnectTarget | undefined {
  const host = bare(hostname);
  const rule = rules.find(
    (r) => (r.fromHost === '' || r.fromHost === host) && (r.fromPort === 0 || r.fromPort === port),
  );
  if (rule === undefined) return undefined;
  return { hostname: rule.toHost || host, port: rule.toPort || port, isNamed: rule.toHost !== '' };
}

function bare(host: string): string {
  return host.toLowerCase().replace(/^\[|\]$/g, '');
}
