/**
 * Bringing queue and records together. Servers that were killed come back with messages that had been acknowledged:
 * some are delivered again, others lie below the consumer's ack floor and are never delivered nor removed. And a
 * message may be gone although its unit has no record, after a late ack of somebody who had lost the unit.
 */
import type { ConsumerInfo } from '@nats-io/jetstream';
import { sleep } from '../../../clock.ts';
import type { UnitId } from '../../../record.ts';
import type { RepairResult } from '../../cluster.ts';
import { CONSUMER, type JobNames, unitOfSubject } from '../connection/names.ts';
import { isGone } from '../connection/nats-error.ts';
import type { ServerLink } from '../connection/server-link.ts';
import { createConsumer } from './job-streams.ts';

/** A server delivers to a request that waits within milliseconds. */
const STILL_MS = 1_000;

export interface RepairOptions {
  readonly ackWaitMs: number;
  readonly isDecided: (unit: UnitId) => Promise<boolean>;
  /** Every decided unit. */
  readonly decided: () => AsyncIterable<{ readonly unit: UnitId }>;
  readonly expected?: Iterable<UnitId> | undefined;
}

/** Errors: FDC_ERR_TRANSPORT_SERVER when the queue is gone or may not be changed by this user. */
export async function repairQueue(link: ServerLink, names: JobNames, options: RepairOptions): Promise<RepairResult> {
  let removed = 0;
  for (const unit of await queuedUnits(link, names)) {
    if (await options.isDecided(unit)) removed += await purgeUnit(link, names, unit);
  }
  const requeued = await requeueOrphans(link, names, options.ackWaitMs);
  return { missing: await missingUnits(link, names, options), requeued, removed };
}

/**
 * A consumer that is made again delivers whatever is in the stream. Only while nobody holds a unit and none waits:
 * otherwise units that are being worked on would be delivered a second time, and those that wait come by themselves.
 */
async function requeueOrphans(link: ServerLink, names: JobNames, ackWaitMs: number): Promise<number> {
  const look = () => link.manager.consumers.info(names.unitStream, CONSUMER);
  const consumer = await link.ask('cannot look at the queue', look, { passes: isGone }).catch((error: unknown) => {
    if (!isGone(error)) throw error;
    return undefined;
  });
  const { state } = await link.ask('cannot look at the queue', () => link.manager.streams.info(names.unitStream));
  if (consumer !== undefined && (state.messages === 0 || consumer.num_ack_pending > 0)) return 0;
  if (consumer !== undefined && consumer.num_pending > 0 && !(await standsStill(link, look, consumer))) return 0;
  if (consumer !== undefined) {
    await link
      .ask('cannot make the consumer again', () => link.manager.consumers.delete(names.unitStream, CONSUMER), {
        passes: isGone,
      })
      .catch((error: unknown) => {
        if (!isGone(error)) throw error;
      });
  }
  await link.ask('cannot make the consumer again', () => createConsumer(link, names, ackWaitMs));
  return state.messages;
}

/** Counts are not exact after a kill: requests wait, units are said to be pending, and none is delivered. */
async function standsStill(
  link: ServerLink,
  look: () => Promise<ConsumerInfo>,
  before: ConsumerInfo,
): Promise<boolean> {
  if (before.num_waiting === 0) return false;
  await sleep(link.clock, STILL_MS);
  const after = await link.ask('cannot look at the queue', look);
  return (
    after.num_waiting > 0 &&
    after.num_ack_pending === 0 &&
    after.delivered.consumer_seq === before.delivered.consumer_seq
  );
}

async function missingUnits(link: ServerLink, names: JobNames, options: RepairOptions): Promise<readonly UnitId[]> {
  if (options.expected === undefined) return [];
  // The queue first: a unit leaves it only after its record was made.
  const there = new Set(await queuedUnits(link, names));
  for await (const { unit } of options.decided()) there.add(unit);
  return [...options.expected].filter((unit) => !there.has(unit));
}

async function queuedUnits(link: ServerLink, names: JobNames): Promise<readonly UnitId[]> {
  const query = { subjects_filter: names.unitSubjects };
  const { state } = await link.ask('cannot list the queue', () => link.manager.streams.info(names.unitStream, query));
  return Object.keys(state.subjects ?? {}).flatMap((subject) => unitOfSubject(subject) ?? []);
}

async function purgeUnit(link: ServerLink, names: JobNames, unit: UnitId): Promise<number> {
  const filter = names.subjectOf(unit);
  const { purged } = await link.ask(`cannot remove unit ${unit} from the queue`, () =>
    link.manager.streams.purge(names.unitStream, { filter }),
  );
  return purged;
}
