/**
 * The host of paarc.ts, in a process of its own: an origin that writes down every request. It is the one who measures,
 * so that a client under test cannot flatter itself. Argument: the origin's options as JSON. Speaks over IPC.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import { type DemoHostsOptions, startDemoHosts } from '../../src/demo-hosts/start-demo-hosts.ts';
import { type Ended, type HostReport, reportOn } from './paarc-host-report.ts';

export type FromHost =
  | { readonly connectTo: string }
  | { readonly firstRequest: true }
  | { readonly report: HostReport };

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
process.on('message', ({ untilMs }: { untilMs: number }) => send({ report: reportOn(ended, untilMs) }));
process.once('disconnect', () => process.exit(0));
send({ connectTo: origin.connectTo });

function send(message: FromHost): void {
  process.send?.(message);
}
