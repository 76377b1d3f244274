/**
 * Whole runs with real processes, files and a real server, while everything that can die does. Every row must be there
 * once. FLOW_DC_CHAOS_RUNS=25 for a longer look, and `npm run soak` for one whose faults come at other times.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FolderDestination } from '../../../src/destination/folder-destination.ts';
import type { UnitRecord } from '../../../src/record.ts';
import type { ClusterChannel } from '../../../src/transport/cluster.ts';
import { connectCluster } from '../../../src/transport/nats/connect-cluster.ts';
import { bundleChaosProgram, type ChaosAccount, removeChaosProgram, takeAccount } from '../../support/chaos-cluster.ts';
import type { ChaosPlan } from '../../support/chaos-process.ts';
import { jobId } from '../../support/nats-jobs.ts';
import { describeNats, startNatsServer } from '../../support/nats-server.ts';
import { seeds, withSeed } from '../../support/seeds.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { makeUnits } from '../../support/units.ts';
import { ACK_WAIT_MS, ChaosRun, everything } from './chaos-run.ts';

const RUNS = Number(process.env.FLOW_DC_CHAOS_RUNS ?? 3);
const UNITS = 60;
const ROWS = 20;
const WORKERS = 3;
const RUN_TIMEOUT_MS = 150_000;

interface ChaosResult {
  readonly account: ChaosAccount;
  readonly records: number;
  readonly strays: readonly string[];
  /** Staged before anything was swept. */
  readonly leftovers: readonly string[];
  readonly said: string;
}

async function runChaos(changes: Partial<ChaosPlan>, faults: (run: ChaosRun) => Promise<void>): Promise<ChaosResult> {
  const out = await mkdtemp(join(tmpdir(), 'flow-dc-chaos-'));
  const server = await startNatsServer();
  const network = await TcpProxy.start(() => server.port);
  const plan = {
    url: server.url,
    job: jobId(),
    out,
    units: UNITS,
    rowsPerUnit: ROWS,
    slots: 2,
    rowMs: 50,
    ackWaitMs: ACK_WAIT_MS,
    ...changes,
  };
  const run = new ChaosRun(server, network, plan);
  try {
    run.submit();
    for (let place = 0; place < WORKERS; place++) run.work(place);
    const trouble = faults(run);
    await using cluster = await connectCluster({ servers: [server.url], role: 'watch' });
    const channel = await whenThere(() => cluster.attachJob(plan.job));
    await watchToTheEnd(channel, run);
    await trouble;
    await run.end();
    return await inspectRun(channel, out, plan.units * plan.rowsPerUnit, run.said.join(''));
  } finally {
    await run.end();
    await network.close();
    await server.close();
    await rm(out, { recursive: true, force: true });
  }
}

async function whenThere(open: () => Promise<ClusterChannel>): Promise<ClusterChannel> {
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if ((error as { code?: string }).code !== 'FDC_ERR_JOB_MISSING') throw error;
      await sleep(100);
    }
  }
}

/** What a submitter does that stays: looks, and repairs when nothing moves. */
async function watchToTheEnd(channel: ClusterChannel, run: ChaosRun): Promise<void> {
  const published = makeUnits(run.plan.units, run.plan.rowsPerUnit);
  const deadlineMs = Date.now() + RUN_TIMEOUT_MS - 20_000;
  let committed = -1;
  for (let idleSince = Date.now(); ; await sleep(200)) {
    const status = await channel.status().catch(() => undefined);
    if (status?.state === 'sealed') return;
    // Nobody gives up over a server or a network that comes back.
    if (run.failed !== undefined) throw new Error(`a process ended with an error: ${run.failed}`);
    if (Date.now() > deadlineMs) throw new Error(`the job stands still: ${JSON.stringify(status)}\n${run.describe()}`);
    if (status === undefined || status.committed !== committed || status.total === undefined) idleSince = Date.now();
    committed = status?.committed ?? committed;
    if (Date.now() - idleSince < 4_000) continue;
    const { missing } = await channel.repair(published.map((unit) => unit.id));
    for (const unit of published) if (missing.includes(unit.id)) await channel.publish(unit);
    idleSince = Date.now();
  }
}

/** The seal: every record rolled forward, what attempts left behind swept, then the account. */
async function inspectRun(channel: ClusterChannel, out: string, rows: number, said: string): Promise<ChaosResult> {
  const destination = new FolderDestination(out);
  const records: UnitRecord[] = [];
  for await (const record of channel.records()) records.push(record);
  for (const record of records) await destination.rollForward(record);
  const staging = join(out, '.flow-dc', 'staging');
  const leftovers = await readdir(staging);
  await destination.sweep(async (unit, token) =>
    records.some((record) => record.unit === unit && record.token === token),
  );
  const strays = await readdir(staging);
  return { account: await takeAccount(out, records, rows), records: records.length, strays, leftovers, said };
}

const EXACT = { twice: [], missing: [], wrongFiles: [] };

describeNats('a job whose processes, server and network die', () => {
  beforeAll(bundleChaosProgram);
  afterAll(removeChaosProgram);

  // Side by side, because each spends most of its time on waits for leases.
  it.concurrent.for(seeds(RUNS))('has every row exactly once, seed %i', { timeout: RUN_TIMEOUT_MS }, (seed, context) =>
    withSeed(context, seed, async () => {
      const die = { step: 'synced', chance: 0.02 } as const;
      // Every other run with threads in each worker, that share what the worker takes.
      const threads = seed % 2 === 0 ? { threads: 2, slots: 1 } : {};
      const result = await runChaos({ die, ...threads }, (run) => everything(run, seed));
      expect(result.account).toEqual(EXACT);
      expect(result).toMatchObject({ records: UNITS, strays: [] });
    }),
  );

  it(
    'would have rows twice if commits were not compare-and-set',
    async () => {
      const result = await runChaos(
        { withoutCompareAndSet: true, die: { step: 'rolled', chance: 0.1 } },
        async (run) => {
          await run.freezeHolder(1.8 * ACK_WAIT_MS);
        },
      );
      expect(result.account.twice.length).toBeGreaterThan(0);
      expect(result.account.missing).toEqual([]);
    },
    RUN_TIMEOUT_MS,
  );

  it(
    'fences a worker that stood still: the other one finishes its unit, and its own files are gone',
    async () => {
      const changes = { units: 1, rowsPerUnit: 60, rowMs: 60, slots: 1 };
      const result = await runChaos(changes, async (run) => {
        await run.freezeHolder(1.8 * ACK_WAIT_MS);
        await sleep(500);
      });
      expect(result.account).toEqual(EXACT);
      expect(result).toMatchObject({ records: 1, strays: [], leftovers: [] });
      // Two at least: on a machine that is short of time more of them lose it.
      expect(result.said.match(/took/g)?.length).toBeGreaterThan(1);
    },
    RUN_TIMEOUT_MS,
  );

  it.concurrent.each(['staged', 'synced', 'committed', 'rolled'] as const)(
    'loses and doubles nothing when they die at the step `%s` of a commit',
    async (step) => {
      const result = await runChaos(
        { units: 16, rowsPerUnit: 4, rowMs: 10, ackWaitMs: 1_000, die: { step, chance: 0.2 } },
        async () => {},
      );
      expect(result.account).toEqual(EXACT);
      expect(result).toMatchObject({ records: 16, strays: [] });
    },
    RUN_TIMEOUT_MS,
  );
});
