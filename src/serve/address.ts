/** Where the live page is served: `auto`, a port, or an address with a port. */
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { FlowDcError } from '../errors.ts';

/** In place of an address: this machine alone, and another port when this one is busy. */
const AUTO = 'auto';
const USUAL_PORT = 8377;
const HERE = '127.0.0.1';

export interface ServeAddress {
  readonly host: string;
  readonly port: number;
  /** Any other port will do when this one is busy. */
  readonly isAnyPort: boolean;
}

/** Errors: FDC_ERR_CONFIG_INVALID. */
export function parseAddress(text: string): ServeAddress {
  if (text === AUTO) return { host: HERE, port: USUAL_PORT, isAnyPort: true };
  const [, name, digits] = /^(?:(.*):)?(\d{1,5})$/.exec(text) ?? [];
  const host = name?.replace(/^\[(.*)\]$/, '$1') || HERE;
  const port = Number(digits);
  if (digits !== undefined && port <= 65_535) return { host, port, isAnyPort: false };
  const message = `serve: expected a port, or an address and a port such as 127.0.0.1:8377 or [::1]:8377, got "${text}"`;
  throw new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
}

/** Whether only this machine can reach it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

export function urlOf(host: string, port: number): string {
  // A browser cannot go to "all addresses".
  const shown = host === '0.0.0.0' || host === '::' ? hostname() : host;
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}/`;
}

/**
 * Whether a request may name this host: addresses, this machine, and what the server was told. Any other name may be one
 * that somebody else's page has turned to this address, to read what only this machine may.
 * @param header - the Host header
 * @param named - the address that the server was told to listen on
 */
export function isOwnName(header: string | undefined, named: string): boolean {
  if (header === undefined) return false;
  const name = header.toLowerCase().replace(/:\d{1,5}$/, '');
  const isAddress = isIP(name) === 4 || (name.startsWith('[') && isIP(name.slice(1, -1)) === 6);
  return isAddress || name === 'localhost' || name === named.toLowerCase() || name === hostname().toLowerCase();
}
