/** A stored body now and then, for whoever shows what is being fetched; none while nobody listens. */
import type { Clock } from '../../clock.ts';
import type { RowResult } from '../../record.ts';
import { isHeard, publish } from '../../telemetry/channels.ts';

/** Larger ones are passed over. */
const MAX_BYTES = 262_144;
const INTERVAL_MS = 500;

export class PictureSamples {
  readonly #clock: Clock;
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note({ status, bytes, pieces }: RowResult<unknown>): void {
    if (!isHeard('flow-dc:picture') || status !== 'fetched' || bytes === 0 || bytes > MAX_BYTES) return;
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#nextMs || pieces === undefined || pieces.length === 0) return;
    this.#nextMs = nowMs + INTERVAL_MS;
    // A copy: the body's memory is somebody else's soon.
    publish('flow-dc:picture', () => ({ bytes: Buffer.concat(pieces) }));
  }
}
