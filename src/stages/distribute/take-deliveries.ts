/** Deliveries out of the channel: the start of the working half. */
import { Readable } from 'node:stream';
import type { JobChannel } from '../../transport/transport.ts';

/**
 * The start of the working half: one delivery per read, none ahead, so that a unit is either in the queue or worked on.
 * Ends when the job is done, or when `drain` aborts: then what was delivered is finished and nothing more is taken.
 */
export function takeDeliveries(
  channel: Pick<JobChannel, 'next'>,
  options: { readonly signal?: AbortSignal; readonly drain?: AbortSignal } = {},
): Readable {
  const { signal, drain } = options;
  const stop = new AbortController();
  const onDrain = (): void => stop.abort(drain?.reason);
  return new Readable({
    objectMode: true,
    // 0: a read is answered by a fetch of exactly one, made because the next stage asked.
    highWaterMark: 0,
    ...(signal === undefined ? {} : { signal }),
    construct(done) {
      drain?.addEventListener('abort', onDrain, { once: true });
      done();
    },
    read() {
      if (drain?.aborted) return void this.push(null);
      channel
        .next(stop.signal)
        .then((delivery) => {
          // A delivery that arrives in the moment of draining goes straight back.
          if (delivery !== undefined && (drain?.aborted || this.destroyed))
            return delivery.nak().then(() => this.push(null));
          return this.push(delivery ?? null);
        })
        .catch((error: Error) => {
          if (drain?.aborted) this.push(null);
          else this.destroy(error);
        });
    },
    destroy(error, done) {
      // The drain signal lives as long as the process; a worker takes deliveries many times.
      drain?.removeEventListener('abort', onDrain);
      stop.abort(error ?? new Error('the stage was destroyed'));
      done(error);
    },
  });
}
