/** Proxies for tests: HTTP (CONNECT, and URLs spelled out) and SOCKS 5, with and without a password. */
import { once } from 'node:events';
import { createServer, type RequestListener, request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';

export interface TestProxy {
  readonly port: number;
  /** What it was asked for: `CONNECT host:port`, `GET http://...`, `SOCKS host:port`. */
  readonly asked: string[];
  close(): void;
}

export interface HttpProxyOptions {
  /** Any free one by default. */
  readonly port?: number;
  /** Spoken with whoever asks it. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** What it says to a CONNECT for a place; undefined: it connects. */
  readonly refuse?: (place: string) => string | undefined;
}

/** @param resolve - where a place really is, `host:port` to a port of this machine */
export async function httpProxy(
  resolve: (place: string) => number,
  password?: string,
  { port, tls, refuse }: HttpProxyOptions = {},
): Promise<TestProxy> {
  const asked: string[] = [];
  const isAllowed = (header: string | undefined): boolean =>
    password === undefined || header === `Basic ${Buffer.from(password).toString('base64')}`;
  const answer: RequestListener = (incoming, reply) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    if (!isAllowed(incoming.headers['proxy-authorization'])) return void reply.writeHead(407).end();
    const { host, pathname, search } = new URL(incoming.url as string);
    const { 'proxy-authorization': _own, ...headers } = incoming.headers;
    const { method } = incoming;
    const way = { port: resolve(host), path: pathname + search, method, headers, host: '127.0.0.1' };
    const forward = request(way, (answer) => {
      reply.writeHead(answer.statusCode as number, answer.headers);
      answer.pipe(reply);
    });
    forward.on('error', () => reply.writeHead(502).end());
    incoming.pipe(forward);
  };
  const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
  server.on('connect', (incoming, socket: Socket) => {
    asked.push(`CONNECT ${incoming.url}`);
    socket.on('error', () => {});
    if (!isAllowed(incoming.headers['proxy-authorization'])) return void socket.end('HTTP/1.1 407 No\r\n\r\n');
    const refusal = refuse?.(incoming.url as string);
    if (refusal !== undefined) return void socket.end(refusal);
    const way = connect(resolve(incoming.url as string), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      way.pipe(socket).pipe(way);
    });
    way.on('error', () => socket.end('HTTP/1.1 502 No\r\n\r\n'));
  });
  return listening(server, asked, port);
}

/** RFC 1928 and 1929, for names and IPv4. */
export async function socksProxy(resolve: (place: string) => number, password?: string): Promise<TestProxy> {
  const asked: string[] = [];
  const server = createTcpServer(async (socket) => {
    socket.on('error', () => {});
    const next = async (): Promise<Buffer> => ((await once(socket, 'data')) as [Buffer])[0];
    await next();
    socket.write(Buffer.from([5, password === undefined ? 0 : 2]));
    if (password !== undefined) {
      const given = await next();
      const user = given.subarray(2, 2 + (given[1] as number)).toString();
      const isRight = `${user}:${given.subarray(3 + (given[1] as number)).toString()}` === password;
      socket.write(Buffer.from([1, isRight ? 0 : 1]));
      if (!isRight) return void socket.end();
    }
    const command = await next();
    const length = command[3] === 3 ? (command[4] as number) : 4;
    const start = command[3] === 3 ? 5 : 4;
    const address = command.subarray(start, start + length);
    const host = command[3] === 3 ? address.toString() : [...address].join('.');
    const place = `${host}:${command.readUInt16BE(start + length)}`;
    asked.push(`SOCKS ${place}`);
    const way = connect(resolve(place), '127.0.0.1', () => {
      socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
      way.pipe(socket).pipe(way);
    });
    way.on('error', () => socket.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])));
  });
  return listening(server, asked);
}

async function listening(server: Server, asked: string[], port = 0): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, asked, close };
}
