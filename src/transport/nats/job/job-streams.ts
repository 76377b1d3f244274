/**
 * A job's stream, consumer and buckets: made, looked at, deleted. Making them is idempotent. The stream has no limits:
 * with any of them, servers were seen to acknowledge units and drop others for them. The publisher's high-water mark
 * takes their place.
 */
import {
  AckPolicy,
  type ConsumerConfig,
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import { nanos } from '@nats-io/transport-node';
import { FlowDcError } from '../../../errors.ts';
import { CONSUMER, type JobNames } from '../connection/names.ts';
import { isGone, isRefused, JS_CODE, jetStreamCode, serverError } from '../connection/nats-error.ts';
import type { AskOptions, ServerLink } from '../connection/server-link.ts';

export interface StreamSettings {
  readonly replicas: number;
  /** How long a worker may be silent before its unit goes to another one. */
  readonly ackWaitMs: number;
}

/** Long enough for every retry of a publish whose answer was lost. */
const DUPLICATE_WINDOW_MS = 120_000;
/**
 * More than any number of workers has units open, and requests waiting: both defaults (1,000 and 512) stall silently.
 */
const MAX_OPEN = 20_000;

/** Make what a job needs, or find it. Errors: FDC_ERR_TRANSPORT_SERVER. */
export async function createJobStreams(
  link: ServerLink,
  names: JobNames,
  settings: StreamSettings,
  triesLeft = 3,
): Promise<void> {
  const doing = `cannot set up the job's streams`;
  await link
    .ask(doing, () => link.manager.streams.add(unitStream(names, settings.replicas)), { passes: isExisting })
    .catch((error: unknown) => {
      if (!isExisting(error)) throw error;
    });
  await assertUsable(link, names);
  for (const bucket of [names.doneBucket, names.stateBucket]) await createBucket(link, bucket, settings.replicas);
  await guard(link, names.doneBucket, { allow_rollup_hdrs: false, discard_new_per_subject: true });
  await guard(link, names.stateBucket, { allow_rollup_hdrs: false });
  try {
    await link.ask(doing, () => createConsumer(link, names, settings.ackWaitMs), { passes: isGone });
  } catch (error) {
    if (!isGone(error) || triesLeft === 0) throw serverError(error, doing);
    // A server that is killed while it makes a stream may have acknowledged it and come back without it.
    await createJobStreams(link, names, settings, triesLeft - 1);
  }
}

/**
 * Who may write a key of a bucket could otherwise empty it with one message (a roll-up), and write over what others
 * have decided. With this the server refuses both: a record stands as it was created.
 */
async function guard(link: ServerLink, bucket: string, rules: Partial<StreamConfig>): Promise<void> {
  const stream = `KV_${bucket}`;
  await link.ask(`cannot guard the bucket ${bucket}`, () => link.manager.streams.update(stream, rules));
}

/** The consumer that all workers share. */
export async function createConsumer(link: ServerLink, names: JobNames, ackWaitMs: number): Promise<void> {
  const config: Partial<ConsumerConfig> = {
    durable_name: CONSUMER,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ackWaitMs),
    // A unit that was delivered too often would stay in the stream for ever: attempts are counted by us.
    max_deliver: -1,
    max_ack_pending: MAX_OPEN,
    max_waiting: MAX_OPEN,
  };
  await link.manager.consumers.add(names.unitStream, config);
}

/** Read through the stream's leader, never from a replica that may be behind: these buckets decide things. */
export async function createBucket(link: ServerLink, bucket: string, replicas: number): Promise<KV> {
  const options = { history: 1, storage: StorageType.File, replicas, allow_direct: false };
  const doing = `cannot set up the bucket ${bucket}`;
  const made = await link.ask(doing, () => link.buckets.create(bucket, options));
  await whenMade(link, made, doing);
  return made;
}

/**
 * Resolves when the server knows the bucket that somebody told it to make, perhaps at this moment. Without this a read
 * or a watch that comes a millisecond too early ends a nats-server 2.9.10: it looks the stream up and uses a store that
 * is not there yet (jsMsgGetRequest, nil pointer). A question for the stream itself mostly waits for the store; where
 * it is answered before, the answer has no messages. Errors: those of ServerLink.ask.
 * @returns how many messages the bucket holds: with none of them there is nothing to read, and reading may be too early
 */
export async function whenMade(link: ServerLink, bucket: KV, doing: string, options: AskOptions = {}): Promise<number> {
  return (await link.ask(doing, () => bucket.status(), options)).values;
}

export interface QueueCounts {
  /** Not delivered to anybody. Not exact after a server was killed. */
  readonly waiting: number;
  readonly inFlight: number;
  /** Of those in flight, how many somebody else had before. */
  readonly redelivered: number;
}

/**
 * How full a job's queue is; nothing of everything when it was deleted. Errors: FDC_ERR_TRANSPORT_CONNECT after
 * `giveUpMs`.
 */
export async function queueCounts(link: ServerLink, names: JobNames, giveUpMs: number): Promise<QueueCounts> {
  try {
    const look = () => link.manager.consumers.info(names.unitStream, CONSUMER);
    const info = await link.ask('cannot look at the queue', look, { passes: isGone, giveUpMs });
    return { waiting: info.num_pending, inFlight: info.num_ack_pending, redelivered: info.num_redelivered };
  } catch (error) {
    if (!isGone(error)) throw error;
    return { waiting: 0, inFlight: 0, redelivered: 0 };
  }
}

/** Delete the queue and the bodies beside it; records and state stay. */
export async function deleteQueue(link: ServerLink, names: JobNames): Promise<void> {
  await deleteStream(link, names.unitStream);
  await deleteStream(link, `OBJ_${names.bodyStore}`);
}

/** Delete everything of a job but its entry in the list of jobs. */
export async function deleteJobStreams(link: ServerLink, names: JobNames): Promise<void> {
  await deleteQueue(link, names);
  for (const bucket of [names.doneBucket, names.stateBucket]) await deleteStream(link, `KV_${bucket}`);
}

async function deleteStream(link: ServerLink, stream: string): Promise<void> {
  await link
    .ask(`cannot delete ${stream}`, () => link.manager.streams.delete(stream), { passes: isGone })
    .catch((error: unknown) => {
      if (!isGone(error)) throw error;
    });
}

function unitStream(names: JobNames, replicas: number): Partial<StreamConfig> & { name: string } {
  return {
    name: names.unitStream,
    subjects: [names.unitSubjects],
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_msgs: -1,
    max_bytes: -1,
    max_age: 0,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
    num_replicas: replicas,
  };
}

function isExisting(error: unknown): boolean {
  return jetStreamCode(error) === JS_CODE.streamExists && !isRefused(error);
}

/**
 * A stream with other numbers (replicas, say) will do; one with limits or another retention would lose units. See also
 * whenMade.
 */
async function assertUsable(link: ServerLink, names: JobNames): Promise<void> {
  const { config } = await link.ask(`cannot look at ${names.unitStream}`, () =>
    link.manager.streams.info(names.unitStream),
  );
  if (config.retention === RetentionPolicy.Workqueue && config.max_msgs === -1 && config.max_bytes === -1) return;
  throw new FlowDcError(
    'FDC_ERR_TRANSPORT_SERVER',
    `The stream ${names.unitStream} is there with limits or another retention than workqueue, which loses ` +
      'units; delete it or use another --job',
  );
}
