/**
 * Workers on several machines, played by processes on this one, with one budget per host over a real nats-server.
 *
 *   NATS_SERVER_BIN=... npx tsx benchmarks/pipeline/shared-hosts.ts [--part budget|refusals] [--workers 10] [--seconds 60] [--rounds 2] [--law shared|independent]
 *
 * budget: four workers, the law held at 100 requests in flight, answers after 500 ms. What the origin had in flight, at
 * most and on average, and how long it took until others used the share of a worker that was killed, stopped or cut
 * off, or until a new leader had settled. refusals: ten workers on a host that allows 200 requests/s (burst 50, answers
 * after 50 ms) and answers 429 above, with and without Retry-After; once with shared budgets, once with a law of its
 * own in every worker. Refusals are counted at the origin, over all requests from the first one on, workers started all
 * at once. Prints one JSON line per run.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Behaviour } from '../../src/demo-hosts/behaviour.ts';
import { type DemoHosts, startDemoHosts } from '../../src/demo-hosts/start-demo-hosts.ts';
import { type NatsServer, startNatsServer } from '../../test/support/nats-server.ts';
import { SharedHostsWorker } from '../../test/support/shared-hosts-workers.ts';
import { TcpProxy } from '../../test/support/tcp-proxy.ts';

const HOST = 'shared.test';
const BUDGET = 100;
const RATE = 200;
const START_MS = 60_000;

const { values } = parseArgs({
  options: {
    part: { type: 'string' },
    workers: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '2' },
    law: { type: 'string' },
  },
});

async function until(holds: () => boolean, withinMs = 20_000): Promise<number> {
  const startMs = performance.now();
  while (!holds()) {
    if (performance.now() - startMs > withinMs) return Number.NaN;
    await sleep(10);
  }
  return Math.round(performance.now() - startMs);
}

/** Mean and most in flight at the origin over `ms`. */
async function watch(
  origin: DemoHosts,
  ms: number,
): Promise<{ mean: number; most: number; requestsPerSecond: number }> {
  origin.resetStats();
  const startMs = performance.now();
  let sum = 0;
  let looks = 0;
  while (performance.now() - startMs < ms) {
    await sleep(20);
    sum += origin.stats().get(HOST)?.inFlight ?? 0;
    looks += 1;
  }
  const { maxInFlight = 0, requests = 0 } = origin.stats().get(HOST) ?? {};
  return { mean: sum / looks, most: maxInFlight, requestsPerSecond: Math.round((1000 * requests) / ms) };
}

async function budgetRun(server: NatsServer): Promise<object> {
  const origin = await startDemoHosts({
    meanBytes: 500,
    rules: [{ host: HOST, behaviours: [{ kind: 'latency', meanMs: 500 }] }],
  });
  const proxy = await TcpProxy.start(() => server.port);
  const paarc = { cMin: BUDGET, cInit: BUDGET, cMax: BUDGET };
  const workers: SharedHostsWorker[] = [];
  const add = (name: string, nats = server.url): void => {
    workers.push(new SharedHostsWorker({ name, nats, connectTo: origin.connectTo, host: HOST, paarc }));
  };
  const running = (): SharedHostsWorker[] => workers.filter((worker) => worker.isRunning);
  const held = (of: SharedHostsWorker[]): number =>
    of.reduce((sum, { last }) => sum + Math.max(0, last?.permits ?? 0), 0);
  const isEven = (count: number): boolean =>
    running().length === count && running().every(({ last }) => Math.abs((last?.permits ?? 0) - BUDGET / count) < 1);
  const leader = (): SharedHostsWorker | undefined => running().find(({ last }) => last?.leading === 1);
  const follower = (): SharedHostsWorker =>
    running().find((worker) => worker !== leader() && worker.name !== 'cut') as SharedHostsWorker;
  const most = (): number => origin.stats().get(HOST)?.maxInFlight ?? 0;

  for (const name of ['one', 'two', 'three']) add(name);
  add('cut', `nats://127.0.0.1:${proxy.port}`);
  await until(() => isEven(4), START_MS);
  const joins = { most: most() };
  await sleep(2000);
  const messages = workers.map(({ last }) => last?.messages ?? 0);
  const steady = await watch(origin, 10_000);
  const perSecond = workers.map(({ last }, index) =>
    Math.round(((last?.messages ?? 0) - (messages[index] as number)) / 10),
  );

  origin.resetStats();
  await follower().stop('SIGKILL');
  const killed = { reuseMs: await until(() => held(running()) === BUDGET), most: most() };
  add('four');
  await until(() => isEven(4), START_MS);

  origin.resetStats();
  const stopped = follower();
  stopped.signal('SIGSTOP');
  const others = running().filter((worker) => worker !== stopped);
  const reuseMs = await until(() => held(others) === BUDGET);
  await sleep(2000);
  stopped.signal('SIGCONT');
  const frozen = { reuseMs, backMs: await until(() => isEven(4)), most: most() };

  origin.resetStats();
  const cut = workers.find(({ name }) => name === 'cut') as SharedHostsWorker;
  proxy.cut();
  const zeroMs = await until(() => cut.last?.permits === 0);
  const partition = {
    zeroMs,
    reuseMs: zeroMs + (await until(() => held(running().filter((one) => one !== cut)) === BUDGET)),
    most: most(),
  };
  proxy.mend();
  await until(() => isEven(4));

  origin.resetStats();
  await leader()?.stop('SIGKILL');
  const leaderMs = await until(() => leader() !== undefined);
  const handover = { leaderMs, settledMs: leaderMs + (await until(() => isEven(3))), most: most() };

  origin.resetStats();
  await server.kill();
  await sleep(1000);
  await server.start();
  const shortOutage = { ...(await watch(origin, 4000)), isShared: isEven(3) };
  origin.resetStats();
  await server.kill();
  await sleep(6000);
  await server.start();
  const longOutage = { backMs: await until(() => isEven(3)), most: most() };

  for (const worker of workers) await worker.stop();
  await proxy.close();
  await origin.close();
  return { part: 'budget', joins, steady, perSecond, killed, frozen, partition, handover, shortOutage, longOutage };
}

async function refusalsRun(
  server: NatsServer,
  isShared: boolean,
  retryAfter: 'seconds' | 'none',
  seed: number,
): Promise<object> {
  const limit: Behaviour = { kind: 'rate-limit', requestsPerSecond: RATE, burst: 50, retryAfter };
  const origin = await startDemoHosts({
    seed,
    meanBytes: 1000,
    rules: [{ host: HOST, behaviours: [limit, { kind: 'latency', meanMs: 50 }] }],
  });
  const workers = Array.from(
    { length: Number(values.workers) },
    (_, index) =>
      new SharedHostsWorker({
        name: `w${index}`,
        connectTo: origin.connectTo,
        host: HOST,
        ...(isShared ? { nats: server.url } : {}),
      }),
  );
  await until(() => (origin.stats().get(HOST)?.requests ?? 0) > 0, START_MS);
  const ms = 1000 * Number(values.seconds);
  await sleep(ms / 2);
  const half = origin.stats().get(HOST);
  await sleep(ms / 2);
  const end = origin.stats().get(HOST);
  for (const worker of workers) await worker.stop();
  await origin.close();
  const of = (requests = 0, refused = 0): number => Math.round((10_000 * refused) / Math.max(1, requests)) / 100;
  const refused = end?.byStatus[429] ?? 0;
  const refusedHalf = half?.byStatus[429] ?? 0;
  return {
    part: 'refusals',
    law: isShared ? 'shared' : 'independent',
    retryAfter,
    requests: end?.requests ?? 0,
    refused,
    refusedPercent: of(end?.requests, refused),
    refusedPercentSecondHalf: of((end?.requests ?? 0) - (half?.requests ?? 0), refused - refusedHalf),
    okPerSecondSecondHalf: Math.round((2000 * ((end?.byStatus[200] ?? 0) - (half?.byStatus[200] ?? 0))) / ms),
    alive: workers.filter(({ last }) => (last?.ok ?? 0) > 0).length,
    errors: workers
      .map(({ errors }) => errors)
      .join('')
      .slice(0, 300),
  };
}

for (let round = 1; round <= Number(values.rounds); round++) {
  const run = async (play: (server: NatsServer) => Promise<object>): Promise<void> => {
    const server = await startNatsServer();
    process.stdout.write(`${JSON.stringify({ round, ...(await play(server)) })}\n`);
    await server.close();
  };
  if (values.part !== 'refusals') await run(budgetRun);
  if (values.part === 'budget') continue;
  for (const retryAfter of ['none', 'seconds'] as const) {
    for (const isShared of [true, false]) {
      if (values.law !== undefined && (values.law === 'shared') !== isShared) continue;
      await run((server) => refusalsRun(server, isShared, retryAfter, round));
    }
  }
}
