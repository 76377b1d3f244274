/** Units into the channel: the end of the planning half. */
import { Readable, Writable } from 'node:stream';
import type { Unit } from '../../record.ts';
import type { JobChannel } from '../../transport/transport.ts';

/**
 * The end of the planning half: publishes each unit and, at the end of the manifest, seals the job with their number.
 * The channel's high-water mark is the backpressure of everything in front of it.
 */
export function publishUnits(channel: Pick<JobChannel, 'publish' | 'seal'>, signal?: AbortSignal): Writable {
  let published = 0;
  return new Writable({
    objectMode: true,
    highWaterMark: 1,
    signal,
    write(unit: Unit, _encoding, done) {
      published += 1;
      channel.publish(unit, signal).then(() => done(), done);
    },
    final(done) {
      channel.seal(published).then(() => done(), done);
    },
  });
}

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
    signal,
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
