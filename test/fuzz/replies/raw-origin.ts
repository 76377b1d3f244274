/** An origin that answers with bytes, whatever they are: http and https, each connection at its own pace. */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { createTestCa } from '../../support/test-ca.ts';

/** What one request is answered with. */
export interface RawReply {
  readonly pieces: readonly Buffer[];
  /** Between two pieces. */
  readonly pauseMs: number;
  readonly ending: 'open' | 'end' | 'reset';
}

export interface RawOrigin {
  /** For `connectTo`. */
  readonly rules: readonly string[];
  close(): Promise<void>;
}

/** @param replyTo - by the number that is the path of a request */
export async function startRawOrigin(replyTo: (number: number) => RawReply | undefined): Promise<RawOrigin> {
  const sockets = new Set<Socket>();
  const serve = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    let asked = '';
    let isBusy = false;
    const next = async (): Promise<void> => {
      if (isBusy) return;
      isBusy = true;
      for (let end = asked.indexOf('\r\n\r\n'); end >= 0; end = asked.indexOf('\r\n\r\n')) {
        const number = /^[A-Z]+ \/(\d+)/.exec(asked)?.[1];
        asked = asked.slice(end + 4);
        const reply = number === undefined ? undefined : replyTo(Number(number));
        if (reply === undefined) socket.destroy();
        else await answer(socket, reply);
      }
      isBusy = false;
    };
    socket.on('data', (chunk) => {
      asked += chunk.toString('latin1');
      void next();
    });
  };
  const plain = createServer(serve);
  const secure = createTlsServer(createTestCa().tls, serve).on('tlsClientError', () => {});
  const rules = [`:80:127.0.0.1:${await listen(plain)}`, `:443:127.0.0.1:${await listen(secure)}`];
  return {
    rules,
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all([plain, secure].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

async function answer(socket: Socket, { pieces, pauseMs, ending }: RawReply): Promise<void> {
  for (const [at, piece] of pieces.entries()) {
    if (at > 0 && pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    if (socket.destroyed) return;
    socket.write(piece);
  }
  if (ending === 'end') socket.end();
  // What was written must arrive before the reset takes it away.
  else if (ending === 'reset')
    setTimeout(() => (socket instanceof TLSSocket ? socket.destroy() : socket.resetAndDestroy()), 5);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}
