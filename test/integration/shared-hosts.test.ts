import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DemoHosts, startDemoHosts } from '../../src/demo-hosts/start-demo-hosts.ts';
import { decodeRecord, type HostRecord } from '../../src/host-budget/host-record.ts';
import { describeNats, type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { SharedHostsWorker } from '../support/shared-hosts-workers.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const HOST = 'shared.test';
const BUDGET = 100;
const LATENCY = { kind: 'latency', meanMs: 300 } as const;
/** Lease, margin, and a second for the news to get round. */
const REUSE_MS = 3000 + 1000 + 1000;
/** The test's own looks, and a busy machine. */
const SLACK_MS = 1500;
/** The law stands still at 100, so that what is measured is the sharing. */
const paarc = { cMin: BUDGET, cInit: BUDGET, cMax: BUDGET };

/** Resolves with the time it took; rejects, saying how things were, when it took too long. */
async function until(what: string, holds: () => boolean, withinMs: number, how: () => string): Promise<number> {
  const startMs = performance.now();
  while (!holds()) {
    if (performance.now() - startMs > withinMs) throw new Error(`${what}: not within ${withinMs} ms; ${how()}`);
    await sleep(20);
  }
  return performance.now() - startMs;
}

describeNats('four worker processes with a budget of 100 on one host', () => {
  let server: NatsServer;
  let proxy: TcpProxy;
  let origin: DemoHosts;
  const workers: SharedHostsWorker[] = [];

  const add = (name: string, nats: string): SharedHostsWorker => {
    const worker = new SharedHostsWorker({ name, nats, connectTo: origin.connectTo, host: HOST, paarc });
    workers.push(worker);
    return worker;
  };
  const running = (): SharedHostsWorker[] => workers.filter((worker) => worker.isRunning);
  const permits = (of = running()): number => of.reduce((sum, { last }) => sum + Math.max(0, last?.permits ?? 0), 0);
  const how = (): string =>
    running()
      .map(({ last, errors }) => `${JSON.stringify(last)} ${errors}`)
      .join('\n');
  const leader = (): SharedHostsWorker | undefined => running().find(({ last }) => last?.leading === 1);
  const follower = (): SharedHostsWorker =>
    running().find((worker) => worker !== leader() && worker.name !== 'cut') as SharedHostsWorker;
  const evenly = (count: number): boolean =>
    running().length === count && running().every(({ last }) => Math.abs((last?.permits ?? 0) - BUDGET / count) < 1);
  const settled = (count: number, withinMs = 15_000): Promise<number> =>
    until(`${count} equal shares`, () => evenly(count), withinMs, how);
  const peak = (): number => origin.stats().get(HOST)?.maxInFlight ?? 0;
  const record = async (): Promise<HostRecord | undefined> => {
    const connection = await connect({ servers: server.url });
    const bucket = await new Kvm(jetstream(connection)).open('FD_hosts');
    const entry = await bucket.get(`h.${createHash('sha1').update(HOST).digest('hex').slice(0, 16)}`);
    await connection.close();
    return entry === null ? undefined : decodeRecord(entry.string());
  };

  beforeAll(async () => {
    server = await startNatsServer();
    proxy = await TcpProxy.start(() => server.port);
    origin = await startDemoHosts({ meanBytes: 500, rules: [{ host: HOST, behaviours: [LATENCY] }] });
    for (const name of ['one', 'two', 'three']) add(name, server.url);
    add('cut', `nats://127.0.0.1:${proxy.port}`);
    await until('first lines', () => workers.every(({ last }) => last !== undefined), 40_000, how);
  });

  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await proxy.close();
    await origin.close();
    await server.close();
  });

  it('get equal parts while they join, and never more than 100 together', async () => {
    await settled(4);
    expect(peak()).toBeLessThanOrEqual(BUDGET);
  });

  it('use it, with at most eight messages a second each', async () => {
    const before = workers.map(({ last }) => last?.messages ?? 0);
    const startMs = performance.now();
    let inFlight = 0;
    const looks = 100;
    for (let look = 0; look < looks; look++) {
      await sleep(30);
      inFlight += origin.stats().get(HOST)?.inFlight ?? 0;
    }
    const seconds = (performance.now() - startMs) / 1000;
    // How much of it gets as far as the origin on a busy machine is for benchmarks/pipeline/shared-hosts.ts to say.
    expect(inFlight / looks / BUDGET).toBeGreaterThan(0.7);
    expect(permits()).toBe(BUDGET);
    for (const [index, { last }] of workers.entries()) {
      expect(((last?.messages ?? 0) - (before[index] as number)) / seconds).toBeLessThanOrEqual(8.5);
    }
  });

  it('fall silent within a second when one of them is told to wait by the host', async () => {
    origin.setRules([
      { host: HOST, path: `/${follower().name}/*`, behaviours: [{ kind: 'status', status: 429, retryAfterSec: 3 }] },
      { host: HOST, behaviours: [LATENCY] },
    ]);
    const refusals = (): number => origin.stats().get(HOST)?.byStatus[429] ?? 0;
    await until('a refusal', () => refusals() > 0, 5000, how);
    origin.setRules([{ host: HOST, behaviours: [LATENCY] }]);
    await sleep(1000);
    const before = origin.stats().get(HOST)?.requests;
    await sleep(1500);
    expect(origin.stats().get(HOST)?.requests).toBe(before);
    await settled(4);
  });

  it('take over the share of one that is killed', async () => {
    await follower().stop('SIGKILL');
    await settled(3, REUSE_MS + SLACK_MS);
    add('four', server.url);
    await settled(4, 30_000);
    expect(peak()).toBeLessThanOrEqual(BUDGET);
  });

  it('take over the share of one that is stopped, which does not use it when it goes on', async () => {
    const stopped = follower();
    stopped.signal('SIGSTOP');
    const others = running().filter((worker) => worker !== stopped);
    await until('others have all', () => permits(others) === BUDGET, REUSE_MS + SLACK_MS, how);
    stopped.signal('SIGCONT');
    await settled(4);
    expect(peak()).toBeLessThanOrEqual(BUDGET);
  });

  it('do without one that is cut off, which stops when its lease ends, whatever it has in flight', async () => {
    const cut = workers.find(({ name }) => name === 'cut') as SharedHostsWorker;
    const others = running().filter((worker) => worker !== cut);
    origin.setRules([
      { host: HOST, path: '/cut/*', behaviours: [{ kind: 'latency', meanMs: 60_000, sigma: 0 }] },
      { host: HOST, behaviours: [LATENCY] },
    ]);
    await sleep(500);
    proxy.cut();
    await until('the cut one has none', () => cut.last?.permits === 0, 3000 + SLACK_MS, how);
    await until('others have all', () => permits(others) === BUDGET, 2000 + SLACK_MS, how);
    expect(cut.last?.inFlight).toBe(0);
    origin.setRules([{ host: HOST, behaviours: [LATENCY] }]);
    proxy.mend();
    await settled(4);
    expect(peak()).toBeLessThanOrEqual(BUDGET);
  });

  it('go on under another leader, from what the first one had learned', async () => {
    const before = await record();
    await leader()?.stop('SIGKILL');
    await until('another leader', () => leader() !== undefined, REUSE_MS + SLACK_MS, how);
    await settled(3, 3000);
    const after = await record();
    expect(after?.epoch).toBe((before?.epoch ?? 0) + 1);
    expect(after?.controllerState?.concurrency).toBe(before?.controllerState?.concurrency);
    expect(before?.controllerState?.concurrency).toBe(BUDGET);
    expect(peak()).toBeLessThanOrEqual(BUDGET);
  });

  it('stop without a server, and share again when it is back', async () => {
    await server.kill();
    await until('nobody has any', () => permits() === 0, 3000 + SLACK_MS, how);
    await server.start();
    await settled(3, 10_000);
    expect(peak()).toBeLessThanOrEqual(BUDGET);
  });

  it('hand over and leave when they are told to end', async () => {
    const leaving = leader() as SharedHostsWorker;
    await leaving.stop('SIGTERM');
    await settled(2, 4000);
    expect(peak()).toBeLessThanOrEqual(BUDGET);
  });
});
