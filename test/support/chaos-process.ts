/**
 * One machine of a chaos run, as a process of its own: `submit` publishes and seals, `work` takes units, pretends to
 * fetch their rows and writes real files. May kill itself at a chosen point of a commit. Not a test.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommitStep } from '../../src/destination/destination.ts';
import { FolderDestination } from '../../src/destination/folder-destination.ts';
import type { UnitRecord } from '../../src/record.ts';
import { UnitExchange, type WorkedChannel } from '../../src/threads/unit-exchange.ts';
import type { ClusterChannel } from '../../src/transport/cluster.ts';
import { connectCluster } from '../../src/transport/nats/connect-cluster.ts';
import { natsOptionsFrom } from '../../src/transport/nats/connection/nats-options.ts';
import type { Delivery } from '../../src/transport/transport.ts';
import { decodeRows } from '../../src/unit-rows.ts';
import { describeJob } from './nats-jobs.ts';
import { openThreadLine } from './thread-line.ts';
import { makeUnits } from './units.ts';

export interface ChaosPlan {
  readonly role: 'submit' | 'work';
  readonly url: string;
  readonly job: string;
  readonly out: string;
  readonly units: number;
  readonly rowsPerUnit: number;
  readonly slots: number;
  /** So many lines to the channel, as threads have them, with `slots` on each; without it none. */
  readonly threads?: number;
  /** Every row takes 1 to this many milliseconds. */
  readonly rowMs: number;
  readonly highWater?: number;
  readonly ackWaitMs?: number;
  readonly inboxPrefix?: string;
  /** Kill this process at this step of a unit's commit: `first` at once, else with this probability. */
  readonly die?: { readonly step: CommitStep; readonly chance: number };
  /** The control: files get their final names whoever wins. Duplicates are what the suite must then see. */
  readonly withoutCompareAndSet?: boolean;
}

async function submit(plan: ChaosPlan): Promise<void> {
  await using cluster = await connectCluster(natsOptionsFrom(plan.url, { role: 'submit', env: process.env }), {
    ackWaitMs: plan.ackWaitMs,
  });
  const destination = new FolderDestination(plan.out);
  const options = {
    rollForward: (record: UnitRecord) => destination.rollForward(record),
    highWater: plan.highWater ?? 2_000,
  };
  const channel = await cluster.createJob(plan.job, describeJob({ out: plan.out }), options);
  for (const unit of makeUnits(plan.units, plan.rowsPerUnit)) await channel.publish(unit);
  await channel.seal(plan.units);
}

async function work(plan: ChaosPlan): Promise<void> {
  await using cluster = await connectCluster(
    natsOptionsFrom(plan.url, { role: 'work', env: process.env, inboxPrefix: plan.inboxPrefix }),
  );
  const destination = new FolderDestination(plan.out, { onStep: (step) => maybeDie(plan, step) });
  const rollForward = (record: UnitRecord): Promise<void> => destination.rollForward(record);
  const channel = await attach(plan, () => cluster.attachJob(plan.job, { rollForward }));
  const exchange = new UnitExchange(channel, new AbortController().signal);
  const lines = Array.from({ length: plan.threads ?? 0 }, () => openThreadLine(exchange.join()));
  const slot = async (line: WorkedChannel): Promise<void> => {
    for (let delivery = await line.next(); delivery !== undefined; delivery = await line.next()) {
      // Some are left to another thread before they are begun.
      if (plan.threads !== undefined && Math.random() < 0.3) delivery.pass?.();
      else await workOn(plan, line, destination, delivery);
    }
  };
  const channels = lines.length === 0 ? [channel] : lines.map((line) => line.channel);
  await Promise.all(channels.flatMap((one) => Array.from({ length: plan.slots }, () => slot(one))));
  for (const { close } of lines) close();
}

/** Workers may be there before their job. */
async function attach(plan: ChaosPlan, open: () => Promise<ClusterChannel>): Promise<ClusterChannel> {
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if ((error as { code?: string }).code !== 'FDC_ERR_JOB_MISSING') throw error;
      process.stderr.write(`${plan.job} is not there yet\n`);
      await sleep(100);
    }
  }
}

async function workOn(
  plan: ChaosPlan,
  channel: WorkedChannel,
  destination: FolderDestination,
  delivery: Delivery,
): Promise<void> {
  const { unit, signal } = delivery;
  const token = randomUUID();
  const staging = await destination.stage(unit.id, token);
  process.stdout.write(`took ${unit.id}\n`);
  // The attempt is part of the name, so that two attempts that both come through leave two files.
  const file = await staging.createFile(`${unit.id}-${token.slice(0, 8)}.txt`);
  for (const { row } of decodeRows(unit)) {
    if (signal.aborted) return staging.discard();
    await sleep(1 + Math.random() * plan.rowMs);
    await file.write([Buffer.from(`${row}\n`)]);
  }
  const artifact = await file.close();
  await staging.sync();
  const rows = unit.rows.numRows;
  const record: UnitRecord = {
    unit: unit.id,
    token,
    worker: String(process.pid),
    rows,
    stored: rows,
    failed: 0,
    skipped: 0,
    bytes: artifact.bytes,
    artifacts: [artifact],
    errors: {},
    committedAtMs: Date.now(),
  };
  if (plan.withoutCompareAndSet) await destination.rollForward(record);
  const { won } = await channel.commit(record);
  if (won) await destination.rollForward(record);
  else await staging.discard();
  process.stdout.write(won ? '' : `fenced ${unit.id}\n`);
  await delivery.ack();
}

function maybeDie(plan: ChaosPlan, step: CommitStep): void {
  if (plan.die?.step === step && Math.random() < plan.die.chance) process.kill(process.pid, 'SIGKILL');
}

const plan = JSON.parse(process.argv[2] ?? '{}') as ChaosPlan;
await (plan.role === 'submit' ? submit(plan) : work(plan));
