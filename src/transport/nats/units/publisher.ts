/** Units into the stream, once each, none above the high-water mark. */
import { FlowDcError } from '../../../errors.ts';
import type { Unit } from '../../../record.ts';
import { CONSUMER, type JobNames } from '../connection/names.ts';
import { isGone } from '../connection/nats-error.ts';
import type { ServerLink } from '../connection/server-link.ts';
import type { UnitBodies } from './unit-message.ts';

export interface PublisherOptions {
  readonly highWater: number;
  /** Whether the unit has a record; if so it was rolled forward. */
  readonly settle: (unit: string, signal: AbortSignal | undefined) => Promise<boolean>;
  /** Throws when the job takes no units any more. */
  readonly assertUsable: () => void;
  /** Resolves after some time, or as soon as the queue may have changed. */
  readonly wait: (signal: AbortSignal | undefined) => Promise<void>;
}

/** Publishes in flight at once, for callers that do not wait for one before the next. */
const WINDOW = 16;
/** The queue is looked at once per this many publishes: one request of less than a millisecond. */
const CHECK_EVERY = 16;

/** Units into the stream, each one once, and none above the high-water mark. */
export class Publisher {
  readonly #link: ServerLink;
  readonly #names: JobNames;
  readonly #bodies: UnitBodies;
  readonly #options: PublisherOptions;
  readonly #checkEvery: number;
  readonly #turns: (() => void)[] = [];
  #running = 0;
  #sinceCheck = Number.POSITIVE_INFINITY;

  constructor(link: ServerLink, names: JobNames, bodies: UnitBodies, options: PublisherOptions) {
    this.#link = link;
    this.#names = names;
    this.#bodies = bodies;
    this.#options = options;
    this.#checkEvery = Math.max(1, Math.min(CHECK_EVERY, Math.floor(options.highWater / CHECK_EVERY)));
  }

  async publish(unit: Unit, signal?: AbortSignal): Promise<void> {
    if (this.#running >= WINDOW) await new Promise<void>((resolve) => this.#turns.push(resolve));
    else this.#running++;
    try {
      await this.#publish(unit, signal);
    } finally {
      const next = this.#turns.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  async #publish(unit: Unit, signal: AbortSignal | undefined): Promise<void> {
    this.#assertUsable(signal);
    if ((await this.#isQueued(unit, signal)) || (await this.#options.settle(unit.id, signal))) return;
    await this.#waitForRoom(signal);
    const message = await this.#bodies.pack(unit, signal);
    if (!(await this.#send(unit, message, unit.id, signal))) return;
    // A duplicate of what? Within the window the server also knows messages that it lost, or that a cancel took away.
    if ((await this.#isQueued(unit, signal)) || (await this.#options.settle(unit.id, signal))) return;
    await this.#send(unit, message, `${unit.id}.${this.#link.clock.wallMs()}`, signal);
  }

  /**
   * Every try with the same message id: a publish whose answer was lost is not stored twice. @returns whether it was
   * there
   */
  async #send(unit: Unit, message: Uint8Array, msgID: string, signal: AbortSignal | undefined): Promise<boolean> {
    const between = async (): Promise<void> => {
      this.#assertUsable(signal);
      await this.#assertStream();
    };
    const send = () => this.#link.client.publish(this.#names.subjectOf(unit.id), message, { msgID });
    const ack = await this.#link.ask(`cannot publish unit ${unit.id}`, send, { between, signal });
    return ack.duplicate;
  }

  /** A stream that is not there looks to a publisher like a server without JetStream: it would be tried for ever. */
  async #assertStream(): Promise<void> {
    const look = () => this.#link.manager.streams.info(this.#names.unitStream);
    const problem = await look().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (isGone(problem))
      throw new FlowDcError(
        'FDC_ERR_TRANSPORT_SERVER',
        `The queue ${this.#names.unitStream} is not there; submit the job again`,
      );
  }

  async #isQueued(unit: Unit, signal: AbortSignal | undefined): Promise<boolean> {
    const query = { last_by_subj: this.#names.subjectOf(unit.id) };
    const look = () => this.#link.manager.streams.getMessage(this.#names.unitStream, query);
    try {
      return (await this.#link.ask('cannot look into the queue', look, { passes: isGone, signal })) !== null;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  async #waitForRoom(signal: AbortSignal | undefined): Promise<void> {
    if (++this.#sinceCheck < this.#checkEvery) return;
    for (;;) {
      this.#assertUsable(signal);
      const look = () => this.#link.manager.consumers.info(this.#names.unitStream, CONSUMER);
      const { num_pending, num_ack_pending } = await this.#link.ask('cannot look at the queue', look, { signal });
      if (num_pending + num_ack_pending < this.#options.highWater) break;
      await this.#options.wait(signal);
    }
    this.#sinceCheck = 0;
  }

  #assertUsable(signal: AbortSignal | undefined): void {
    this.#options.assertUsable();
    signal?.throwIfAborted();
  }
}
