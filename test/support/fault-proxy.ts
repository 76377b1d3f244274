/** A store's bad days: stands in front of a gateway and does to requests what a test's rules say. */
import { once } from 'node:events';
import { Agent, request as ask, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { operationOf, type S3Operation, type S3Request } from './s3-request.ts';

export type Fault =
  /** The store's answer in the gateway's place, with its XML; the gateway is not asked. */
  | { readonly kind: 'answer'; readonly status: number; readonly code: string; readonly message?: string }
  /** The connection breaks once so many bytes of the request's body have gone through. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** The gateway does it, and the connection breaks before the answer. */
  | { readonly kind: 'cutAnswer' }
  /** Nothing happens, until the client gives up. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'delay'; readonly ms: number }
  /** Bodies of requests and answers, all those of the rule together. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number };

type Answer = Extract<Fault, { readonly kind: 'answer' }>;

export const SLOW_DOWN: Answer = {
  kind: 'answer',
  status: 503,
  code: 'SlowDown',
  message: 'Reduce your request rate.',
};
export const ACCESS_DENIED: Answer = { kind: 'answer', status: 403, code: 'AccessDenied', message: 'Access Denied' };
/** As Ceph and versitygw say it. */
export const QUOTA_EXCEEDED: Answer = { kind: 'answer', status: 403, code: 'QuotaExceeded', message: 'Quota exceeded' };
/** As MinIO says it. */
export const STORAGE_FULL: Answer = {
  kind: 'answer',
  status: 507,
  code: 'XMinioStorageFull',
  message: 'Storage backend has reached its minimum free drive threshold.',
};

export interface Rule {
  readonly fault: Fault;
  /** Default: every request. */
  readonly when?: (request: S3Request) => boolean;
  /** So often, then no more; default: always. */
  readonly times?: number;
}

/** What became of a request: the status that the client was told, 0 where it was told nothing. */
export type SeenRequest = S3Request & { readonly status: number };

interface Active extends Rule {
  left: number;
  hits: number;
  freeAtMs: number;
}

export class FaultProxy {
  readonly #server: Server;
  readonly #target: () => number;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #sockets = new Set<Socket>();
  readonly #seen: SeenRequest[] = [];
  readonly #counts = new Map<S3Operation, number>();
  /** By key: requests that must find out and act in one step. */
  readonly #turns = new Map<string, Promise<void>>();
  #rules: Active[] = [];
  #begun = 0;

  private constructor(server: Server, target: () => number) {
    this.#server = server;
    this.#target = target;
  }

  /** @param target - the gateway's port, asked for by every request */
  static async start(target: () => number): Promise<FaultProxy> {
    const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 });
    const proxy = new FaultProxy(server, target);
    server.on('connection', (socket: Socket) => {
      proxy.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => proxy.#sockets.delete(socket));
    });
    server.on('request', (request, response) => void proxy.#serve(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Requests that were answered or given up, in the order of their ends. */
  get seen(): readonly SeenRequest[] {
    return this.#seen;
  }

  /** The first rule that fits is applied to a request. @returns how often it was, so far */
  add(rule: Rule): () => number {
    const active = { ...rule, left: rule.times ?? Number.POSITIVE_INFINITY, hits: 0, freeAtMs: 0 };
    this.#rules.push(active);
    return () => active.hits;
  }

  /** No rule any more. */
  clear(): void {
    this.#rules = [];
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#agent.destroy();
    await closed;
  }

  async #serve(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    // A request that was given up in its middle forgets its socket.
    const { socket } = incoming;
    const about = operationOf(incoming.method ?? '', incoming.url ?? '', incoming.headers);
    this.#begun += 1;
    const nthOfOperation = (this.#counts.get(about.operation) ?? 0) + 1;
    this.#counts.set(about.operation, nthOfOperation);
    const request = { ...about, headers: incoming.headers, nth: this.#begun, nthOfOperation };
    answer.once('close', () => {
      this.#seen.push({ ...request, status: answer.writableFinished ? answer.statusCode : 0 });
    });
    const rule = this.#rules.find(({ left, when }) => left > 0 && (when?.(request) ?? true));
    if (rule !== undefined) {
      rule.left -= 1;
      rule.hits += 1;
    }
    const endTurn = await this.#turn(request);
    try {
      await this.#apply(rule, incoming, answer);
    } catch {
      // The gateway is away, or somebody hung up: the client sees a connection that broke.
      socket.destroy();
    } finally {
      endTurn();
    }
  }

  async #apply(rule: Active | undefined, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const fault = rule?.fault;
    switch (fault?.kind) {
      case 'answer':
        incoming.resume();
        answer.writeHead(fault.status, { 'content-type': 'application/xml' });
        answer.end(incoming.method === 'HEAD' ? '' : xmlOf(fault));
        return;
      case 'hang':
        incoming.resume();
        await once(answer, 'close');
        return;
      case 'cutAnswer':
        (await this.#forward(incoming, incoming, answer)).resume();
        answer.destroy();
        return;
      case 'cut':
        return this.#relay(incoming, cutAfter(incoming, fault.afterBytes), answer);
      case 'slow': {
        const paced = (body: AsyncIterable<Buffer>) => pace(body, rule as Active, fault.bytesPerSecond);
        return this.#relay(incoming, paced(incoming), answer, paced);
      }
      case 'delay':
        await sleep(fault.ms);
        return this.#relay(incoming, incoming, answer);
      case undefined:
        return this.#relay(incoming, incoming, answer);
    }
  }

  async #relay(
    incoming: IncomingMessage,
    body: AsyncIterable<Buffer>,
    answer: ServerResponse,
    paced: (body: AsyncIterable<Buffer>) => AsyncIterable<Buffer> = (whole) => whole,
  ): Promise<void> {
    const reply = await this.#forward(incoming, body, answer);
    answer.writeHead(reply.statusCode ?? 502, reply.statusMessage, reply.rawHeaders);
    answer.once('close', () => reply.destroy());
    for await (const chunk of paced(reply)) if (!answer.write(chunk)) await once(answer, 'drain');
    answer.end();
    if (!answer.closed) await once(answer, 'close');
  }

  /** The request as it came, its host too: it is signed. */
  async #forward(
    incoming: IncomingMessage,
    body: AsyncIterable<Buffer>,
    answer: ServerResponse,
  ): Promise<IncomingMessage> {
    const { method = 'GET', url: path = '/', rawHeaders } = incoming;
    // The other side has said it here already.
    const headers = withoutExpect(rawHeaders);
    const onward = ask({ host: '127.0.0.1', port: this.#target(), method, path, headers, agent: this.#agent });
    const reply = new Promise<IncomingMessage>((resolve, reject) => {
      onward.once('response', resolve);
      onward.on('error', reject);
    });
    answer.once('close', () => onward.destroy());
    const sent = (async () => {
      for await (const chunk of body) if (!onward.write(chunk)) await Promise.race([once(onward, 'drain'), reply]);
      onward.end();
    })();
    sent.catch((error: Error) => onward.destroy(error));
    return reply;
  }

  /** Gateways look first and write then; AWS does both in one step for each key, and so do gateways behind this. */
  async #turn({ bucket, key, headers }: S3Request): Promise<() => void> {
    if (headers['if-none-match'] === undefined && headers['if-match'] === undefined) return () => {};
    const place = `${bucket}/${key}`;
    const before = this.#turns.get(place);
    let end = (): void => {};
    this.#turns.set(place, new Promise((resolve) => (end = resolve)));
    await before;
    return end;
  }
}

/** A proxy that closes with the test. */
export async function testFaultProxy(target: () => number): Promise<FaultProxy> {
  const proxy = await FaultProxy.start(target);
  onTestFinished(() => proxy.close());
  return proxy;
}

function xmlOf({ code, message = '' }: Answer): string {
  const inside = `<Code>${code}</Code><Message>${message}</Message><RequestId>TEST</RequestId>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${inside}</Error>`;
}

async function* cutAfter(incoming: IncomingMessage, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    if (chunk.length >= left) throw new Error('cut by a rule');
    left -= chunk.length;
    yield chunk;
  }
}

async function* pace(body: AsyncIterable<Buffer>, line: Active, bytesPerSecond: number): AsyncGenerator<Buffer> {
  for await (const chunk of body) {
    const nowMs = performance.now();
    line.freeAtMs = Math.max(nowMs, line.freeAtMs) + (chunk.length / bytesPerSecond) * 1000;
    await sleep(line.freeAtMs - nowMs);
    yield chunk;
  }
}

function withoutExpect(raw: readonly string[]): string[] {
  return raw.filter((_, index) => raw[index - (index % 2)]?.toLowerCase() !== 'expect');
}
