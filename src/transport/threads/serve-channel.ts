/** A process's channel, served to one of its threads: units go out, commits and endings come back. */
import type { UnitId } from '../../record.ts';
import type { Delivery, JobChannel } from '../transport.ts';
import { type ChannelPort, type FromChannel, packError, packUnit, type ToChannel } from './messages.ts';

/** The process's end of a thread's line. */
export interface ServedChannel {
  receive(message: ToChannel): void;
  /**
   * The thread is gone.
   * @param fault - its units go to others, with an error more; without it they are left to whoever ends the channel
   * @param isExcused - it is known which row did it, so the unit as a whole did not
   */
  lose(fault: Error | undefined, isExcused: (unit: UnitId) => boolean): void;
}

export function serveChannel(
  channel: Pick<JobChannel, 'next' | 'commit' | 'record'>,
  port: ChannelPort,
): ServedChannel {
  const leases = new Map<number, { readonly delivery: Delivery; readonly onAbort: () => void }>();
  const waiting = new Map<number, AbortController>();
  let lastLease = 0;
  let isLost = false;
  const post = (message: FromChannel, transfer: readonly ArrayBuffer[] = []): void => {
    if (!isLost) port.post(message, transfer);
  };

  const give = (call: number, delivery: Delivery): void => {
    lastLease += 1;
    const lease = lastLease;
    const onAbort = (): void => {
      leases.delete(lease);
      post({ op: 'lost', lease, error: packError(delivery.signal.reason) });
    };
    delivery.signal.addEventListener('abort', onAbort, { once: true });
    leases.set(lease, { delivery, onAbort });
    const unit = packUnit(delivery.unit);
    const { attempt, errors, isSuspect } = delivery;
    post({ op: 'unit', call, lease, unit, attempt, errors, isSuspect }, [unit.rows.buffer]);
  };

  const next = async (call: number): Promise<void> => {
    const waits = new AbortController();
    waiting.set(call, waits);
    try {
      const delivery = await channel.next(waits.signal);
      if (delivery === undefined) post({ op: 'answer', call });
      // Nobody waits any more for what came in the same moment.
      else if (isLost || waits.signal.aborted) await delivery.nak();
      // Taken away in the same moment.
      else if (delivery.signal.aborted) return await next(call);
      else give(call, delivery);
    } catch (error) {
      post({ op: 'failed', call, error: packError(error) });
    } finally {
      waiting.delete(call);
    }
  };

  const answer = (call: number, work: Promise<unknown>): void => {
    work.then(
      (value) => post({ op: 'answer', call, value }),
      (error: unknown) => post({ op: 'failed', call, error: packError(error) }),
    );
  };

  /** A lease that is over has nothing to end. */
  const end = async (lease: number, how: (delivery: Delivery) => Promise<void>): Promise<void> => {
    const held = leases.get(lease);
    if (held === undefined) return;
    leases.delete(lease);
    held.delivery.signal.removeEventListener('abort', held.onAbort);
    await how(held.delivery);
  };

  return {
    receive(message) {
      switch (message.op) {
        case 'next':
          return void next(message.call);
        case 'forget':
          return waiting.get(message.call)?.abort(new Error('the thread does not wait any more'));
        case 'commit':
          return answer(message.call, channel.commit(message.record));
        case 'record':
          return answer(message.call, channel.record(message.unit));
        case 'pass':
          return void end(message.lease, passOn).catch(() => {});
        case 'ack':
          return answer(
            message.call,
            end(message.lease, (delivery) => delivery.ack()),
          );
        case 'nak':
          return answer(
            message.call,
            end(message.lease, (delivery) => delivery.nak(message.delayMs)),
          );
        case 'fail':
          return answer(
            message.call,
            end(message.lease, (delivery) => delivery.fail(new Error(message.message))),
          );
      }
    },
    lose(fault, isExcused) {
      isLost = true;
      for (const waits of waiting.values()) waits.abort(new Error('the thread has ended'));
      // Its unit may be what ended it: that is counted as an error of the unit, so that it does not go round for ever.
      if (fault !== undefined)
        for (const lease of [...leases.keys()])
          end(lease, (delivery) => (isExcused(delivery.unit.id) ? delivery.nak() : delivery.fail(fault))).catch(
            () => {},
          );
    },
  };
}

/** To another thread; where units cannot be passed on, to whoever is next. */
async function passOn(delivery: Delivery): Promise<void> {
  if (delivery.pass === undefined) await delivery.nak();
  else delivery.pass();
}
