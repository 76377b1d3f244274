/** Messages to units; what is too large goes through the object store. */
import type { ObjectStore } from '@nats-io/obj';
import { Objm } from '@nats-io/obj';
import { sleep } from '../../../clock.ts';
import { FlowDcError } from '../../../errors.ts';
import type { Unit, UnitId } from '../../../record.ts';
import type { Link } from '../connection/link.ts';
import type { JobNames } from '../connection/names.ts';
import { decodeUnit, encodePointer, encodeUnit, pointerIn } from './unit-codec.ts';

/** Room for subject, headers and protocol beside the body within the server's max_payload. */
const HEADROOM_BYTES = 4 * 1024;
/** An object of a few MiB; one that takes longer hangs on a connection that was lost in the middle. */
const OBJECT_TIMEOUT_MS = 30_000;

/** Messages to units and back; what does not fit into a message goes through the job's object store. */
export class UnitBodies {
  readonly #link: Link;
  readonly #names: JobNames;
  readonly #replicas: number;
  #store: Promise<ObjectStore> | undefined;

  constructor(link: Link, names: JobNames, replicas: number) {
    this.#link = link;
    this.#names = names;
    this.#replicas = replicas;
  }

  /** A message for the unit; its body is on the server when it is a pointer. */
  async pack(unit: Unit, signal?: AbortSignal): Promise<Uint8Array> {
    const body = await encodeUnit(unit);
    const maxBytes = (this.#link.connection.info?.max_payload ?? 2 ** 20) - HEADROOM_BYTES;
    if (body.length <= maxBytes) return body;
    this.#store ??= this.#makeStore();
    const store = await this.#store;
    const ask = signal === undefined ? {} : { signal };
    await this.#link.ask(
      `cannot store unit ${unit.id}`,
      () => this.#inTime(store.putBlob({ name: unit.id }, body)),
      ask,
    );
    return encodePointer(unit.id);
  }

  /** Errors: FDC_ERR_TRANSPORT_SERVER when the message is no unit, or its body is not there. */
  async unpack(id: UnitId, message: Uint8Array, signal: AbortSignal): Promise<Unit> {
    const pointer = pointerIn(message);
    if (pointer === undefined) return decodeUnit(id, message);
    const body = pointer === id ? await this.#fetch(id, signal) : null;
    if (body === null)
      throw new FlowDcError(
        'FDC_ERR_TRANSPORT_SERVER',
        `The body of unit ${id} is not in ${this.#names.bodyStore}; publish the unit again`,
      );
    return decodeUnit(id, body);
  }

  #fetch(id: UnitId, signal: AbortSignal): Promise<Uint8Array | null> {
    const read = async (): Promise<Uint8Array | null> =>
      (await new Objm(this.#link.client).open(this.#names.bodyStore)).getBlob(id);
    return this.#link.ask(`cannot read unit ${id}`, () => this.#inTime(read()), { signal });
  }

  #makeStore(): Promise<ObjectStore> {
    const options = { replicas: this.#replicas };
    return this.#link.ask('cannot set up the object store', () =>
      new Objm(this.#link.client).create(this.#names.bodyStore, options),
    );
  }

  async #inTime<T>(work: Promise<T>): Promise<T> {
    const done = new AbortController();
    const late = sleep(this.#link.clock, OBJECT_TIMEOUT_MS, done.signal).then(() => {
      throw new Error('timeout');
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      done.abort();
      late.catch(() => {});
    }
  }
}
