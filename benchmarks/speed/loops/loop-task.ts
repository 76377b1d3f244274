/** What a loop program is told on its command line, and what all of them begin and end with. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { Agent, buildConnector, type Dispatcher } from 'undici';

/** One JSON object, the only argument of a loop program. */
export interface LoopTask {
  /** A text file with one URL per line. */
  readonly list: string;
  /** A folder for what is stored; it exists. */
  readonly out: string;
  readonly store: 'discard' | 'write' | 'write and sha256';
  /** Requests in flight. */
  readonly concurrency: number;
  readonly threads: number;
  /** To one origin; as many as there are requests in flight without it. */
  readonly connections?: number | undefined;
  /** Every host is on this port of the loopback interface; else hosts are where their URLs say. */
  readonly connectToPort?: number | undefined;
  readonly caFile?: string | undefined;
}

export interface Target {
  readonly origin: string;
  readonly path: string;
}

/** What a loop says of itself, as one JSON line on stdout. */
export interface LoopResult {
  readonly rows: number;
  readonly bytes: number;
  readonly p95HeadersMs: number;
}

export function readTask(): LoopTask {
  return JSON.parse(process.argv[2] as string) as LoopTask;
}

export function readUrls({ list }: LoopTask): string[] {
  return readFileSync(list, 'utf8').trim().split('\n');
}

export function targetOf(url: string): Target {
  const { origin, pathname } = new URL(url);
  return { origin, path: pathname };
}

/** A client per origin of one connection, or a pool of as many as there are requests in flight. */
export function openDispatcher(task: LoopTask, inFlight: number): Dispatcher {
  const { caFile, connectToPort, connections = inFlight } = task;
  // One context for all connections, as in flow-dc.
  const secureContext = createSecureContext({ ca: caFile === undefined ? undefined : readFileSync(caFile, 'utf8') });
  const connect = buildConnector({ secureContext });
  if (connectToPort === undefined) return new Agent({ connections, connect });
  return new Agent({
    connections,
    connect: (options, callback) =>
      connect({ ...options, hostname: '127.0.0.1', port: String(connectToPort) }, callback),
  });
}

/** Take URLs in order, so many at a time. */
export async function inLanes(count: number, lanes: number, one: (row: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const row = next;
      next += 1;
      await one(row);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

export function printResult(bytes: number, headersMs: Float64Array): void {
  const sorted = headersMs.toSorted();
  const p95HeadersMs = sorted[Math.floor(sorted.length * 0.95)] ?? 0;
  process.stdout.write(`${JSON.stringify({ rows: headersMs.length, bytes, p95HeadersMs } satisfies LoopResult)}\n`);
}
