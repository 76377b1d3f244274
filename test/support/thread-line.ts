/** A job's channel as the threads of its process have it: worked on over a message port, one exchange for all. */
import { setTimeout } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { UnitExchange, type UnitTaker } from '../../src/threads/unit-exchange.ts';
import { serveChannel } from '../../src/transport/threads/serve-channel.ts';
import { ThreadChannel } from '../../src/transport/threads/thread-channel.ts';
import type { JobChannel } from '../../src/transport/transport.ts';

/** Records are real files and ports are real ports: real time is what they need to show up. */
export const IO_MS = 25;

export interface ThreadLine {
  readonly channel: ThreadChannel;
  close(): void;
}

export function openThreadLine(taker: UnitTaker): ThreadLine {
  const { port1, port2 } = new MessageChannel();
  const served = serveChannel(taker, {
    post: (message, transfer) => port1.postMessage(message, [...(transfer ?? [])]),
  });
  const channel = new ThreadChannel({ post: (message, transfer) => port2.postMessage(message, [...(transfer ?? [])]) });
  port1.on('message', (message) => served.receive(message));
  port2.on('message', (message) => channel.receive(message));
  return {
    channel,
    close() {
      channel.close();
      port1.close();
    },
  };
}

/** Planned by the process, worked on in a thread. */
export function throughThread(own: JobChannel): JobChannel {
  const { channel, close } = openThreadLine(new UnitExchange(own, new AbortController().signal).join());
  return {
    publish: (unit, signal) => own.publish(unit, signal),
    seal: (total) => own.seal(total),
    next: (signal) => channel.next(signal),
    record: (unit) => channel.record(unit),
    commit: (record) => channel.commit(record),
    records: () => own.records(),
    status: () => own.status(),
    cancel: (reason) => own.cancel(reason),
    async [Symbol.asyncDispose]() {
      await own[Symbol.asyncDispose]();
      await setTimeout(IO_MS);
      close();
    },
  };
}
