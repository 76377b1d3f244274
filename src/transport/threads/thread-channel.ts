/** A thread's end of the line: what the working half needs of a channel, answered by the process. */
import { FlowDcError } from '../../errors.ts';
import type { Committer, UnitId, UnitRecord } from '../../record.ts';
import type { Delivery, JobChannel } from '../transport.ts';
import { type ChannelPort, type FromChannel, type ToChannel, unpackError, unpackUnit } from './messages.ts';

type Asked = Extract<ToChannel, { call: number }>;
type Told = { readonly [Op in Asked['op']]: Omit<Extract<Asked, { op: Op }>, 'call'> }[Asked['op']];

interface Call {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

export class ThreadChannel implements Committer, Pick<JobChannel, 'next'> {
  readonly #port: ChannelPort;
  readonly #calls = new Map<number, Call>();
  readonly #leases = new Map<number, AbortController>();
  #lastCall = 0;
  #closed: Error | undefined;

  constructor(port: ChannelPort) {
    this.#port = port;
  }

  async next(signal?: AbortSignal): Promise<Delivery | undefined> {
    signal?.throwIfAborted();
    const { call, answer } = this.#ask<Delivery | undefined>({ op: 'next' });
    const onAbort = (): void => {
      const waiting = this.#calls.get(call);
      if (waiting === undefined) return;
      this.#calls.delete(call);
      this.#port.post({ op: 'forget', call } satisfies ToChannel);
      waiting.reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await answer;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  record(unit: UnitId): Promise<UnitRecord | undefined> {
    return this.#ask<UnitRecord | undefined>({ op: 'record', unit }).answer;
  }

  commit(record: UnitRecord): Promise<{ readonly won: boolean; readonly record: UnitRecord }> {
    return this.#ask<{ won: boolean; record: UnitRecord }>({ op: 'commit', record }).answer;
  }

  receive(message: FromChannel): void {
    if (message.op === 'lost') {
      this.#leases.get(message.lease)?.abort(unpackError(message.error));
      this.#leases.delete(message.lease);
      return;
    }
    const call = this.#calls.get(message.call);
    this.#calls.delete(message.call);
    if (message.op === 'unit') {
      const delivery = this.#deliveryOf(message);
      // Asked for by somebody who has gone since: it is nobody's work here.
      if (call === undefined) void delivery.nak().catch(() => {});
      else call.resolve(delivery as never);
    } else if (message.op === 'failed') call?.reject(unpackError(message.error));
    else call?.resolve(message.value as never);
  }

  /** No answer will come any more. */
  close(): void {
    if (this.#closed !== undefined) return;
    this.#closed = new FlowDcError(
      'FDC_ERR_TRANSPORT_CLOSED',
      'The transport is closed; open another channel to go on',
    );
    for (const { reject } of this.#calls.values()) reject(this.#closed);
    this.#calls.clear();
    for (const lease of this.#leases.values()) lease.abort(this.#closed);
    this.#leases.clear();
  }

  #deliveryOf({ lease, unit, attempt, errors, isSuspect }: Extract<FromChannel, { op: 'unit' }>): Delivery {
    const lost = new AbortController();
    this.#leases.set(lease, lost);
    const end = async (told: Told): Promise<void> => {
      this.#leases.delete(lease);
      await this.#ask<void>(told).answer;
    };
    return {
      unit: unpackUnit(unit),
      attempt,
      errors,
      isSuspect,
      signal: lost.signal,
      ack: () => end({ op: 'ack', lease }),
      nak: async (delayMs = 0) => {
        if (!(delayMs >= 0 && delayMs < Number.POSITIVE_INFINITY))
          throw new RangeError(`Expected a delay in milliseconds, got ${delayMs}`);
        await end({ op: 'nak', lease, delayMs });
      },
      fail: ({ message }) => end({ op: 'fail', lease, message }),
      pass: () => {
        if (this.#leases.delete(lease)) this.#port.post({ op: 'pass', lease } satisfies ToChannel);
      },
    };
  }

  #ask<Value>(told: Told): { readonly call: number; readonly answer: Promise<Value> } {
    this.#lastCall += 1;
    const call = this.#lastCall;
    const answer = new Promise<Value>((resolve, reject) => {
      if (this.#closed !== undefined) return reject(this.#closed);
      this.#calls.set(call, { resolve: resolve as Call['resolve'], reject });
      this.#port.post({ ...told, call });
    });
    return { call, answer };
  }
}
