/** A bare TCP server, for replies that no honest server sends. Closed with the test. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** @returns a `--connect-to` that sends every host there */
export async function rawServer(onRequest: (socket: Socket, request: string) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (request) => onRequest(socket, request.toString('latin1')));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return `::127.0.0.1:${(server.address() as AddressInfo).port}`;
}
