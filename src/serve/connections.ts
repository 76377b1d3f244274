/** Who may be connected to the live page's server, and how long without a word. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { isLoopback } from './address.ts';

const MAX_CONNECTIONS = 256;
/** Of one address elsewhere: others find a place too. */
const MAX_PER_ADDRESS = 32;
const [HEADERS_MS, REQUEST_MS, IDLE_MS] = [10_000, 15_000, 5_000];
/** A connection on which nothing moves, in either direction, is closed. */
const SILENT_MS = 30_000;
/** How often the first two are looked at. */
const LOOK_MS = 5_000;

/** A server that keeps no process alive. */
export function boundedServer(listener: RequestListener): Server {
  const server = createServer({ connectionsCheckingInterval: LOOK_MS }, listener);
  server.maxConnections = MAX_CONNECTIONS;
  server.headersTimeout = HEADERS_MS;
  server.requestTimeout = REQUEST_MS;
  server.keepAliveTimeout = IDLE_MS;
  server.timeout = SILENT_MS;
  const counts = new Map<string, number>();
  server.on('connection', (socket) => {
    socket.unref();
    admit(socket, counts);
  });
  return server;
}

function admit(socket: Socket, counts: Map<string, number>): void {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  // Here it may be a tunnel, behind which there are many.
  if (isLoopback(address)) return;
  const count = counts.get(address) ?? 0;
  if (count >= MAX_PER_ADDRESS) return void socket.destroy();
  counts.set(address, count + 1);
  socket.once('close', () => {
    const left = (counts.get(address) ?? 1) - 1;
    if (left === 0) counts.delete(address);
    else counts.set(address, left);
  });
}
