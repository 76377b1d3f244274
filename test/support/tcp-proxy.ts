/** A network that can be cut, muted or broken. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * How the network is: `silent`, nothing gets through and nobody is told, as with a pulled cable; `oneWay`, no answer
 * comes back.
 */
type Network = 'whole' | 'silent' | 'oneWay' | 'broken';

/** A network between two programs that can fail in several ways. */
export class TcpProxy {
  readonly #server: Server;
  readonly #target: () => number;
  readonly #sockets = new Set<Socket>();
  #network: Network = 'whole';

  private constructor(server: Server, target: () => number) {
    this.#server = server;
    this.#target = target;
  }

  /** @param target - the port behind it, asked for by every new connection */
  static async start(target: () => number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, target);
    server.on('connection', (near: Socket) => proxy.#join(near));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Pull the cable. */
  cut(): void {
    this.#network = 'silent';
    for (const socket of this.#sockets) socket.pause();
  }

  /** Everything reaches the server, nothing comes back. */
  mute(): void {
    this.#network = 'oneWay';
  }

  /** Connections break, and new ones are closed at once. */
  break(): void {
    this.#network = 'broken';
    for (const socket of this.#sockets) socket.destroy();
  }

  /** What was under way when the cable was pulled is lost with its connection. */
  mend(): void {
    if (this.#network === 'silent') for (const socket of this.#sockets) socket.destroy();
    this.#network = 'whole';
  }

  async close(): Promise<void> {
    this.break();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #join(near: Socket): void {
    if (this.#network === 'broken') return void near.destroy();
    const far = connect(this.#target(), '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.on('data', (data) => {
        if (one === near || this.#network !== 'oneWay') other.write(data);
      });
      if (this.#network === 'silent') one.pause();
    }
  }
}
