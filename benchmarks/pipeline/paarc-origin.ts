/**
 * The host of paarc.ts, in a process of its own: an origin that writes down every request. It is the one who measures,
 * so that a client under test cannot flatter itself. Argument: the origin's options as JSON. Speaks over IPC.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import { type DemoHostsOptions, startDemoHosts } from '../../src/demo-hosts/start-demo-hosts.ts';

/** What the host saw in a window. */
export interface HostReport {
  readonly requests: number;
  readonly ok: number;
  /** Answers other than 200, and connections cut without an answer. */
  readonly refused: number;
  /** 95th percentile from the arrival of a request to the end of its 200; NaN without one. */
  readonly p95Ms: number;
  /** Answers of 200 in every second since the first request. */
  readonly okPerSecond: readonly number[];
}

export type FromHost =
  | { readonly connectTo: string }
  | { readonly firstRequest: true }
  | { readonly report: HostReport };

interface Ended {
  readonly atMs: number;
  readonly tookMs: number;
  readonly isOk: boolean;
}

const ended: Ended[] = [];
let requests = 0;
let firstMs = 0;

subscribe('http.server.request.start', (message) => {
  const { response } = message as { response: ServerResponse };
  const arrivedMs = performance.now();
  if (requests === 0) {
    firstMs = arrivedMs;
    send({ firstRequest: true });
  }
  requests += 1;
  response.once('close', () => {
    const nowMs = performance.now();
    const isOk = response.writableFinished && response.statusCode === 200;
    ended.push({ atMs: nowMs - firstMs, tookMs: nowMs - arrivedMs, isOk });
  });
});

const origin = await startDemoHosts(JSON.parse(process.argv[2] ?? '{}') as DemoHostsOptions);
process.on('message', ({ untilMs }: { untilMs: number }) => send({ report: reportUntil(untilMs) }));
process.once('disconnect', () => process.exit(0));
send({ connectTo: origin.connectTo });

function reportUntil(untilMs: number): HostReport {
  const seen = ended.filter(({ atMs }) => atMs < untilMs);
  const ok = seen.filter(({ isOk }) => isOk);
  const times = ok.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const okPerSecond: number[] = [];
  for (const { atMs } of ok) {
    const second = Math.floor(atMs / 1000);
    while (okPerSecond.length <= second) okPerSecond.push(0);
    okPerSecond[second] = (okPerSecond[second] ?? 0) + 1;
  }
  const p95Ms = times[Math.floor(0.95 * times.length)] ?? Number.NaN;
  return { requests: seen.length, ok: ok.length, refused: seen.length - ok.length, p95Ms, okPerSecond };
}

function send(message: FromHost): void {
  process.send?.(message);
}
