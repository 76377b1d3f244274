/** The server: every host, http and https, on one loopback port. */
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { type Clock, systemClock } from '../clock.ts';
import type { Rule } from './behaviour.ts';
import type { HostStats } from './host-stats.ts';
import { Site } from './site.ts';

export interface DemoHostsOptions {
  /** Same seed, same bytes and faults. Default 1. */
  readonly seed?: number;
  /** Mean body size in bytes, default 20,000. */
  readonly meanBytes?: number;
  /** Deviation of the logarithm of the body sizes, default 0.6; 0 for equal sizes. */
  readonly sigma?: number;
  /** What hosts do; every rule that matches applies, in order. Default: all hosts are fast and good. */
  readonly rules?: readonly Rule[];
  /** Serve https as well, on the same port. */
  readonly tls?: Pick<ServerOptions, 'key' | 'cert' | 'SNICallback'> | undefined;
  /** Default 0: any free port. */
  readonly port?: number;
  readonly clock?: Clock;
}

/** A server on the loopback interface that plays every host on the web at once. */
export interface DemoHosts {
  readonly port: number;
  /** For --connect-to: sends every host and port here. */
  readonly connectTo: string;
  /** Per host, as named in the Host header. A snapshot. */
  stats(): ReadonlyMap<string, HostStats>;
  resetStats(): void;
  /** From now on hosts behave like this; what gates remember (tokens, places) starts afresh. */
  setRules(rules: readonly Rule[]): void;
  /** Drops every connection at once, whatever is being sent. */
  close(): Promise<void>;
}

/** The kernel's usual upper bound; clients open hundreds of connections in one go. */
const BACKLOG = 4096;
/** First byte of a TLS record that carries a handshake (RFC 8446, section 5.1). */
const TLS_HANDSHAKE = 0x16;

/**
 * Start serving deterministic images for any host and path on 127.0.0.1.
 * Errors: TypeError for a rule that is not understood; the system's own when the port is taken.
 */
export async function startDemoHosts(options: DemoHostsOptions = {}): Promise<DemoHosts> {
  const site = new Site({
    seed: options.seed ?? 1,
    sizes: { meanBytes: options.meanBytes ?? 20_000, sigma: options.sigma ?? 0.6 },
    rules: options.rules ?? [],
    clock: options.clock ?? systemClock,
  });
  const serve = (request: IncomingMessage, response: ServerResponse) => void site.serve(request, response);
  const server = options.tls === undefined ? createHttpServer(serve) : bothProtocols(serve, options.tls);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen({ port: options.port ?? 0, host: '127.0.0.1', backlog: BACKLOG });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    connectTo: `::127.0.0.1:${port}`,
    stats: () => site.stats(),
    resetStats: () => site.resetStats(),
    setRules: (rules) => site.setRules(rules),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** One port for http and https: the first byte tells them apart. */
function bothProtocols(
  serve: (request: IncomingMessage, response: ServerResponse) => void,
  tls: NonNullable<DemoHostsOptions['tls']>,
): Server {
  const http = createHttpServer(serve);
  const https = createHttpsServer(tls, serve);
  // A client that refuses our certificate, or leaves in mid-handshake, is its own affair.
  https.on('tlsClientError', () => {});
  return createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (first) => {
      socket.pause();
      socket.unshift(first);
      (first[0] === TLS_HANDSHAKE ? https : http).emit('connection', socket);
      process.nextTick(() => socket.resume());
    });
  });
}
