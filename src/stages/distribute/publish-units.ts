/** Units into the channel: the end of the planning half. */
import { Writable } from 'node:stream';
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
    ...(signal === undefined ? {} : { signal }),
    write(unit: Unit, _encoding, done) {
      published += 1;
      channel.publish(unit, signal).then(() => done(), done);
    },
    final(done) {
      channel.seal(published).then(() => done(), done);
    },
  });
}
