/**
 * A worker that does nothing but request one host for ever, under shared budgets or its own law. Options as JSON in
 * argv; prints one JSON line of counts every 100 ms and ends in good order on SIGTERM.
 */
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { connect } from '@nats-io/transport-node';
import { stageSettings } from '../../src/config/stage-settings.ts';
import type { PaarcOptions } from '../../src/config/types.ts';
import { createSharedHosts, type SharedHosts } from '../../src/host-budget/wire/create-shared-hosts.ts';
import { fetchRows } from '../../src/stages/fetch/fetch-rows.ts';

export interface SharedHostsWorkerOptions {
  /** Absent: this worker's own law, for comparison. */
  readonly nats?: string;
  readonly connectTo: string;
  readonly host: string;
  readonly paarc?: PaarcOptions;
  /** Rows in all; without end by default. */
  readonly rows?: number;
  readonly name: string;
}

/** One line of the worker's output. */
export interface SharedHostsWorkerLine {
  readonly name: string;
  readonly ok: number;
  readonly refused: number;
  readonly permits: number;
  readonly inFlight: number;
  readonly mode: string;
  readonly leading: number;
  readonly isLeased: boolean;
  /** Published on the connection, acknowledgements of the watch among them. */
  readonly messages: number;
  readonly workers: number;
}

const options = JSON.parse(process.argv[2] as string) as SharedHostsWorkerOptions;
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
process.once('disconnect', () => process.exit(0));
const connection =
  options.nats === undefined
    ? undefined
    : await connect({
        servers: options.nats,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 250,
        pingInterval: 2000,
        waitOnFirstConnect: true,
      });
let shared: SharedHosts | undefined;
if (connection !== undefined)
  shared = await createSharedHosts({ connection, settings: stageSettings('paarc', options.paarc ?? {}) });
let ok = 0;
let refused = 0;

function* urls(): Generator<{ url: string }> {
  for (let row = 0; row < (options.rows ?? Number.POSITIVE_INFINITY); row++)
    yield { url: `http://${options.host}/${options.name}/${row}.jpg` };
}

const report = (): void => {
  const stats = shared?.stats();
  const seat = stats?.hosts.find(({ host }) => host === options.host);
  const line: SharedHostsWorkerLine = {
    name: options.name,
    ok,
    refused,
    permits: seat?.permits ?? -1,
    inFlight: seat?.inFlight ?? -1,
    mode: seat?.mode ?? 'none',
    leading: stats?.leading ?? 0,
    isLeased: stats?.isLeased ?? false,
    messages: connection?.stats().outMsgs ?? 0,
    workers: stats?.workers ?? 1,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
};
const timer = setInterval(report, 100);
const fetcher = fetchRows<{ url: string }>({
  url: (row) => row.url,
  connectTo: [options.connectTo],
  maxAttempts: 2,
  paarc: options.paarc ?? {},
  signal: stop.signal,
  ...(shared === undefined ? {} : { hostLimits: shared.limits }),
});
const count = new PassThrough({ objectMode: true });
count.on('data', (result: { status: string; code?: string }) => {
  if (result.status === 'fetched') ok += 1;
  else refused += 1;
});
await pipeline(Readable.from(urls(), { objectMode: true }), fetcher, count).catch((error: unknown) => {
  if (!stop.signal.aborted) throw error;
});
clearInterval(timer);
await shared?.close();
report();
await connection?.close();
process.exit(0);
