/** Connections to stores by way of what the environment names as proxies, as the AWS CLI makes them. */
import { type ClientRequest, Agent as PlainAgent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { connect as openTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as openTls } from 'node:tls';
import { systemClock } from '../../clock.ts';
import type { ProxyOf, ProxyServer } from '../../network/proxy.ts';
import { proxyHeaders, tunnel } from '../../network/tunnel.ts';

export interface AgentTerms {
  readonly keepAlive: boolean;
  readonly maxSockets: number;
  /** A way that is not there after so long is given up, ms. */
  readonly timeout: number;
}

type Way = { readonly host?: string | null; readonly hostname?: string | null; readonly port?: number | string | null };
type Opened = (error: Error | null, socket: Duplex) => void;

/** Agents of node:http and node:https: both ask `proxyOf` for each place. */
export function proxiedAgents(proxyOf: ProxyOf, terms: AgentTerms): { httpAgent: PlainAgent; httpsAgent: TlsAgent } {
  return { httpAgent: new ProxiedPlain(proxyOf, terms), httpsAgent: new ProxiedTls(proxyOf, terms) };
}

class ProxiedPlain extends PlainAgent {
  readonly #proxyOf: ProxyOf;
  readonly #timeoutMs: number;

  constructor(proxyOf: ProxyOf, { timeout, ...terms }: AgentTerms) {
    super(terms);
    this.#proxyOf = proxyOf;
    this.#timeoutMs = timeout;
  }

  /** Called for each request before it has a connection; Node's types leave it out. */
  addRequest(request: ClientRequest, options: Way): void {
    const proxy = this.#proxyOf(placeOf(options, false));
    // Of a proxy that forwards requests: the URL whole, and its own headers.
    if (proxy !== undefined && !proxy.kind.startsWith('socks')) {
      request.path = `http://${request.getHeader('host')}${request.path}`;
      for (const [name, value] of Object.entries(proxyHeaders(proxy))) request.setHeader(name, value);
    }
    (PlainAgent.prototype as unknown as { addRequest(request: ClientRequest, options: Way): void }).addRequest.call(
      this,
      request,
      options,
    );
  }

  override createConnection(options: Way, opened?: Opened): Duplex | null | undefined {
    const place = placeOf(options, false);
    const proxy = this.#proxyOf(place);
    if (proxy === undefined) return super.createConnection(options as never, opened);
    const way = reach(proxy, this.#timeoutMs);
    tell(
      proxy.kind.startsWith('socks') ? way.then((socket) => tunnel(socket, proxy, place.hostname, place.port)) : way,
      opened,
    );
    return undefined;
  }
}

class ProxiedTls extends TlsAgent {
  readonly #proxyOf: ProxyOf;
  readonly #timeoutMs: number;

  constructor(proxyOf: ProxyOf, { timeout, ...terms }: AgentTerms) {
    super(terms);
    this.#proxyOf = proxyOf;
    this.#timeoutMs = timeout;
  }

  override createConnection(options: Way, opened?: Opened): Duplex | null | undefined {
    const place = placeOf(options, true);
    const proxy = this.#proxyOf(place);
    if (proxy === undefined) return super.createConnection(options as never, opened);
    const way = reach(proxy, this.#timeoutMs).then((socket) => tunnel(socket, proxy, place.hostname, place.port));
    tell(
      way.then((socket) => openTls({ servername: place.hostname, ...(options as object), socket })),
      opened,
    );
    return undefined;
  }
}

function placeOf({ host, hostname, port }: Way, isTls: boolean) {
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
