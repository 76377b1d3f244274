/** A way through a proxy to a place: the proxy's socket, on which the place answers from here on. */
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { FlowDcError } from '../errors.ts';
import type { ProxyServer } from './proxy.ts';

/** The proxy does not let us through, or cannot be reached; `code` is the row code. */
export class ProxyError extends Error {
  readonly code = 'proxy_error';
  /** The proxy itself is away: no row is to blame. */
  readonly isAway: boolean;
  constructor(message: string, options: { readonly cause?: unknown; readonly isAway?: boolean } = {}) {
    super(message, options);
    this.isAway = options.isAway === true;
  }
}

/** What no row can help: it would be the same for all of them. */
export function wrongCredentials({ shown, username }: ProxyServer): FlowDcError {
  const what = username === '' ? 'asks for a user and password' : 'refuses the user and password';
  return new FlowDcError('FDC_ERR_PROXY', `the proxy ${shown} ${what}`, { advice: CORRECT });
}

/** A proxy that was never there. */
export function neverReached({ shown }: ProxyServer, cause: Error): FlowDcError {
  const message = `the proxy ${shown} cannot be reached: ${cause.message}`;
  return new FlowDcError('FDC_ERR_PROXY', message, { cause, advice: '; start it, or correct --proxy or http_proxy' });
}

const CORRECT = '; give --proxy with USER:PASSWORD@, or correct http_proxy and https_proxy';

/** What an HTTP proxy is told of who asks; empty without credentials. */
export function proxyHeaders({ username, password }: ProxyServer): Record<string, string> {
  if (username === '' && password === '') return {};
  return { 'proxy-authorization': `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

/**
 * @param socket - connected to the proxy
 * @param hostname - the place: a name, or an address
 * Errors: ProxyError; FlowDcError (FDC_ERR_PROXY) for wrong credentials; Error with code ECONNREFUSED where the proxy says that the place did not let it in.
 */
export async function tunnel(socket: Socket, proxy: ProxyServer, hostname: string, port: number): Promise<Socket> {
  return proxy.kind === 'http' || proxy.kind === 'https'
    ? overHttp(socket, proxy, hostname, port)
    : overSocks(socket, proxy, hostname, port);
}

function overHttp(socket: Socket, proxy: ProxyServer, hostname: string, port: number): Promise<Socket> {
  const place = `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`;
  return new Promise((resolve, reject) => {
    const asking = request({
      method: 'CONNECT',
      path: place,
      headers: { host: place, ...proxyHeaders(proxy) },
      createConnection: () => socket,
    });
    asking.once('connect', ({ statusCode = 0 }, _socket, head) => {
      if (statusCode >= 200 && statusCode < 300) {
        if (head.length > 0) socket.unshift(head);
        return resolve(socket);
      }
      socket.destroy();
      reject(answered(proxy, statusCode, place));
    });
    // Of a proxy that does not know the method.
    asking.once('response', (reply) => {
      reply.destroy();
      reject(answered(proxy, reply.statusCode ?? 0, place));
    });
    asking.once('error', (error) => reject(new ProxyError(`${proxy.shown}: ${error.message}`, { cause: error })));
    asking.end();
  });
}

/** 502 to 504: it tried. Everything else is its own will. */
function answered(proxy: ProxyServer, status: number, place: string): Error {
  const said = `the proxy ${proxy.shown} answered ${status} to a connection to ${place}`;
  if (status >= 502 && status <= 504) return unreached(said);
  return status === 407 ? wrongCredentials(proxy) : new ProxyError(said);
}

async function overSocks(socket: Socket, proxy: ProxyServer, hostname: string, port: number): Promise<Socket> {
  const { SocksClient } = await import('socks');
  const { username, password } = proxy;
  const credentials = username === '' ? {} : { userId: username, password };
  try {
    const { socket: through } = await SocksClient.createConnection({
      proxy: { host: proxy.hostname, port: proxy.port, type: 5, ...credentials },
      command: 'connect',
      destination: { host: hostname, port },
      existing_socket: socket,
    });
    return through;
  } catch (error) {
    socket.destroy();
    const { message } = error as Error;
    if (/Authentication failed|no accepted authentication type/i.test(message)) throw wrongCredentials(proxy);
    // Reply codes 3 to 5 of RFC 1928: it tried.
    if (/HostUnreachable|NetworkUnreachable|ConnectionRefused|TTLExpired/i.test(message))
      throw unreached(`${proxy.shown}: ${message}`);
    throw new ProxyError(`${proxy.shown}: ${message}`, { cause: error });
  }
}

/** As a socket fails that finds no way to its host. */
function unreached(message: string): Error {
  return Object.assign(new Error(message), { code: 'EHOSTUNREACH', syscall: 'connect' });
}
