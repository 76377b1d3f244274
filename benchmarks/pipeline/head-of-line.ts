/**
 * Whether slow hosts keep workers from a fast one: four workers over a real nats-server, slow hosts first in the
 * manifest.
 *
 *   npm run build && NATS_SERVER_BIN=... npx tsx benchmarks/pipeline/head-of-line.ts [--seconds 25] [--open-units 16,2] [--repeat 1]
 *
 * A host that may have 100 requests at a time, five that may have 2, twenty with ten rows each; every answer takes 250
 * ms. Each of the large hosts has as many rows as it can answer in
 * `--seconds`, so that this is the ideal time. The budgets are told (`C_max`), because how fast a law finds them is not
 * the question. Time runs from the first worker's joining to the last record. Prints one JSON line per run.
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type DemoHosts, startDemoHosts } from '../../src/demo-hosts/start-demo-hosts.ts';
import { startNatsServer } from '../../test/support/nats-server.ts';
import { type CliProcess, startCli } from '../../test/support/run-cli.ts';

const FAST = 100;
const SLOW = 2;
const SLOW_HOSTS = 5;
const SMALL_HOSTS = 20;
const ANSWER_MS = 250;
const SHARD_SIZE = 25;
const WORKERS = 4;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '25' },
    'open-units': { type: 'string', default: '16,2' },
    repeat: { type: 'string', default: '1' },
  },
});
const seconds = Number(values.seconds);

function manifest(): string {
  const urls = (host: string, rows: number): string[] =>
    Array.from({ length: rows }, (_, row) => `http://${host}/${row}.jpg`);
  const answered = (permits: number): number => Math.round((permits * seconds * 1000) / ANSWER_MS);
  const slow = Array.from({ length: SLOW_HOSTS }, (_, host) => urls(`slow${host}.test`, answered(SLOW)));
  const small = Array.from({ length: SMALL_HOSTS }, (_, host) => urls(`small${host}.test`, 10));
  return [...slow, ...small, urls('fast.test', answered(FAST))].flat().join('\n');
}

async function said(process: CliProcess, text: string): Promise<void> {
  while (!process.stderr().includes(text)) {
    if (process.child.exitCode !== null) throw new Error(process.stderr());
    await sleep(20);
  }
}

async function run(origin: DemoHosts, openUnits: number): Promise<object> {
  const server = await startNatsServer();
  const folder = await mkdtemp(join(tmpdir(), 'flow-dc-head-of-line-'));
  const workers: CliProcess[] = [];
  try {
    await writeFile(join(folder, 'urls.txt'), manifest());
    const hosts = { 'slow*.test': { C_max: SLOW }, 'fast.test': { C_max: FAST } };
    const config = {
      hosts,
      C_init: FAST,
      C_max: FAST,
      shard_size: SHARD_SIZE,
      connect_to: [origin.connectTo],
      progress: 'off',
    };
    await writeFile(join(folder, 'config.json'), JSON.stringify(config));
    const settings = ['--config', join(folder, 'config.json')];
    for (let n = 0; n < WORKERS; n++)
      workers.push(startCli(['worker', server.url, '--job', 'hol', '--open-units', String(openUnits), ...settings]));
    await Promise.all(workers.map((worker) => said(worker, 'waiting for job')));
    origin.resetStats();
    const submit = startCli([
      'submit',
      join(folder, 'urls.txt'),
      '-o',
      join(folder, 'out'),
      '--nats',
      server.url,
      '--job',
      'hol',
      ...settings,
    ]);
    await Promise.race(workers.map((worker) => said(worker, 'joined')));
    const startMs = performance.now();
    const { code, stderr } = await submit.done;
    if (code !== 0) throw new Error(stderr);
    const took = (performance.now() - startMs) / 1000;
    const most = [...origin.stats()].map(([host, { maxInFlight }]) => [host, maxInFlight] as const);
    const over = most.filter(([host, inFlight]) => inFlight > (host.startsWith('slow') ? SLOW : FAST));
    return {
      openUnits,
      idealSeconds: seconds,
      seconds: Math.round(10 * took) / 10,
      ratio: Math.round((100 * took) / seconds) / 100,
      over,
    };
  } finally {
    for (const { child } of workers) if (child.exitCode === null) child.kill('SIGKILL');
    await Promise.all(
      workers.map(({ child }) =>
        child.exitCode === null && child.signalCode === null ? once(child, 'close') : undefined,
      ),
    );
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const origin = await startDemoHosts({
  meanBytes: 1000,
  rules: [{ behaviours: [{ kind: 'latency', meanMs: ANSWER_MS, sigma: 0.3 }] }],
});
try {
  for (let round = 0; round < Number(values.repeat); round++)
    for (const openUnits of values['open-units'].split(','))
      process.stdout.write(`${JSON.stringify(await run(origin, Number(openUnits)))}\n`);
} finally {
  await origin.close();
}
