/** Connections to stores by way of proxies: of agents of node:http, as its client takes them. */
import { type ClientRequest, Agent as PlainAgent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { connect as openTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as openTls } from 'node:tls';
import { systemClock } from '../../clock.ts';
import type { Place, ProxyOf, ProxyServer } from '../../network/proxy.ts';
import { proxyHeaders, tunnel } from '../../network/tunnel.ts';

export interface AgentTerms {
  readonly keepAlive: boolean;
  readonly maxSockets: number;
  /** A way that is not there after so long is given up, ms. */
  readonly timeout: number;
}

type Way = { readonly host?: string | null; readonly hostname?: string | null; readonly port?: number | string | null };
type Opened = (error: Error | null, socket: Duplex) => void;

type Create = (options: Way, opened?: Opened) => Duplex | null | undefined;
/** What Node's types leave out: called for each request before it has a connection. */
type Agents = { addRequest(request: ClientRequest, options: Way): void };

/** Agents of node:http and node:https: both ask `proxyOf` for each place. */
export function proxiedAgents(proxyOf: ProxyOf, terms: AgentTerms): { httpAgent: PlainAgent; httpsAgent: TlsAgent } {
  return {
    httpAgent: proxied(new PlainAgent(terms), false, proxyOf, terms),
    httpsAgent: proxied(new TlsAgent(terms), true, proxyOf, terms),
  };
}

function proxied<Kind extends PlainAgent>(
  agent: Kind,
  isTls: boolean,
  proxyOf: ProxyOf,
  { timeout }: AgentTerms,
): Kind {
  const straight = agent.createConnection.bind(agent) as Create;
  const create: Create = (options, opened) => {
    const place = placeOf(options, isTls);
    const proxy = proxyOf(place);
    if (proxy === undefined) return straight(options, opened);
    tell(wayTo(proxy, place, options, timeout), opened);
    return undefined;
  };
  const { addRequest } = agent as unknown as Agents;
  const add: Agents['addRequest'] = (request, options) => {
    const proxy = proxyOf(placeOf(options, isTls));
    if (proxy !== undefined && forwards(proxy, isTls)) {
      // The URL whole, and the proxy's own headers.
      request.path = `http://${request.getHeader('host')}${request.path}`;
      for (const [name, value] of Object.entries(proxyHeaders(proxy))) request.setHeader(name, value);
    }
    addRequest.call(agent, request, options);
  };
  return Object.assign(agent, { createConnection: create, addRequest: add });
}

/** An HTTP proxy is asked itself for what is in the clear, and for a tunnel to the rest. */
function forwards({ kind }: ProxyServer, isTls: boolean): boolean {
  return !isTls && !kind.startsWith('socks');
}

async function wayTo(proxy: ProxyServer, place: Place, options: Way, timeoutMs: number): Promise<Duplex> {
  const socket = await reach(proxy, timeoutMs);
  if (forwards(proxy, place.isTls)) return socket;
  const way = await tunnel(socket, proxy, place.hostname, place.port);
  return place.isTls ? openTls({ servername: place.hostname, ...(options as object), socket: way }) : way;
}

function placeOf({ host, hostname, port }: Way, isTls: boolean): Place {
  return { hostname: hostname ?? host ?? '', port: Number(port) || (isTls ? 443 : 80), isTls };
}

function tell(way: Promise<Duplex>, opened: Opened | undefined): void {
  way.then(
    (socket) => opened?.(null, socket),
    (error: Error) => opened?.(error, undefined as never),
  );
}

/** Errors: as Node's, so that a proxy that is away is waited for as a store is. */
function reach({ kind, hostname: host, port, shown }: ProxyServer, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = kind === 'https' ? openTls({ host, port, servername: host }) : openTcp({ host, port });
    const failed = (error: NodeJS.ErrnoException): void => {
      stop();
      reject(Object.assign(new Error(`the proxy ${shown}: ${error.message}`), { code: error.code ?? 'ETIMEDOUT' }));
    };
    const stop = systemClock.timer(timeoutMs, () => socket.destroy(new Error('no answer')));
    socket.on('error', failed);
    socket.once(kind === 'https' ? 'secureConnect' : 'connect', () => {
      stop();
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}
