/** How full a job's queue is. */
import type { Link } from '../connection/link.ts';
import { CONSUMER, type JobNames } from '../connection/names.ts';
import { isGone } from '../connection/nats-error.ts';

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
export async function queueCounts(link: Link, names: JobNames, giveUpMs: number): Promise<QueueCounts> {
  try {
    const look = () => link.manager.consumers.info(names.unitStream, CONSUMER);
    const info = await link.ask('cannot look at the queue', look, { passes: isGone, giveUpMs });
    return { waiting: info.num_pending, inFlight: info.num_ack_pending, redelivered: info.num_redelivered };
  } catch (error) {
    if (!isGone(error)) throw error;
    return { waiting: 0, inFlight: 0, redelivered: 0 };
  }
}
