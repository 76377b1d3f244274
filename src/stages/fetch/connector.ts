/**
 * How a connection is made: own name resolution, the address guard on every way in (literals, answers, the connected
 * peer), and --connect-to. TLS keeps the URL's host name for SNI and for the certificate check.
 */
import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import { buildConnector } from 'undici';
import type { AddressGuard } from './address-guard.ts';
import { type ConnectRule, connectTarget } from './connect-to.ts';
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
  readonly caPem?: string;
}

/** A connector for undici pools. undici never asks `lookup` for IP literals, hence the checks before and after. */
export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const tls = {
    rejectUnauthorized: !options.insecure,
    ...(options.caPem === undefined ? {} : { ca: [...rootCertificates, options.caPem] }),
  };
  const connectTls = buildConnector({ timeout: options.timeoutMs, keepAlive: true, ...tls });

  return function connect(opts, callback) {
    const port = Number(opts.port) || (opts.protocol === 'https:' ? 443 : 80);
    const hostname = opts.hostname.replace(/^\[|\]$/g, '');
    const servername = isIP(hostname) === 0 ? hostname : '';
    const target = connectTarget(options.rules, hostname, port);
    if (target !== undefined) {
      const exempt = { ...opts, hostname: target.hostname, port: String(target.port), servername };
      resolved(options.resolver, target.hostname).then(
        (addresses) => connectTls({ ...exempt, hostname: addresses[0] as string }, callback),
        (error: Error) => callback(error, null),
      );
      return;
    }
    resolved(options.resolver, hostname)
      .then((addresses) => allowedOnly(addresses, hostname, options.guard))
      .then(
        (addresses) => connectAny(addresses, 0),
        (error: Error) => callback(error, null),
      );

    /** Addresses one after the other: a host with a dead IPv6 address is still reached by its IPv4 one. */
    function connectAny(addresses: readonly string[], at: number): void {
      connectTls({ ...opts, hostname: addresses[at] as string, port: String(port), servername }, (...[error, socket]) => {
        if (error !== null) {
          if (at + 1 < addresses.length && isUnreachable(error)) return connectAny(addresses, at + 1);
          return callback(error, null);
        }
        const peer = socket.remoteAddress;
        if (peer === undefined || options.guard.allows(peer, hostname)) return callback(null, socket);
        socket.destroy();
        callback(new AddressRefusedError(`${hostname} connected to the private address ${peer}`), null);
      });
    }
  };
}

async function resolved(resolver: NameResolver, hostname: string): Promise<readonly string[]> {
  const addresses = await resolver.resolve(hostname);
  if (addresses.length === 0) throw new LookupError('dns_not_found', `${hostname}: no addresses`);
  return addresses;
}

function allowedOnly(addresses: readonly string[], hostname: string, guard: AddressGuard): readonly string[] {
  const allowed = addresses.filter((address) => guard.allows(address, hostname));
  if (allowed.length === 0) throw new AddressRefusedError(`${hostname} is the private address ${addresses[0]}; --allow-private ${hostname} permits it`);
  return allowed;
}

function isUnreachable(error: Error): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENETUNREACH' || code === 'EHOSTUNREACH' || code === 'ECONNREFUSED' || code === 'EADDRNOTAVAIL';
}
