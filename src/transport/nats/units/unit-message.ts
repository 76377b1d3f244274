/**
 * A unit as a message: a codec byte, then everything else deflated. What is too large for a message goes through the
 * job's object store.
 *
 *   01 | deflate-raw( length of meta, 4 bytes little-endian | meta JSON, padded with blanks to 8 | Arrow IPC stream )
 *   10 | unit id: the body is an object of that name in the job's object store
 *
 * Roles travel in the schema's metadata. Deflate level 1: a third of the size at a hundred times any download rate.
 */
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { ObjectStore } from '@nats-io/obj';
import { Objm } from '@nats-io/obj';
import { DataType, type RecordBatch } from 'apache-arrow';
import { decodeForeignBatch, encodeBatch } from '../../../arrow/batch-bytes.ts';
import { isTextType } from '../../../arrow/text.ts';
import { sleep } from '../../../clock.ts';
import { FlowDcError, isFlowDcError } from '../../../errors.ts';
import {
  type HostRows,
  ROW_COLUMN,
  SOURCE_FILE_COLUMN,
  SOURCE_ROW_COLUMN,
  type Unit,
  type UnitId,
} from '../../../record.ts';
import { mirrorColumns, readRoles } from '../../../unit-rows.ts';
import type { JobNames } from '../connection/names.ts';
import type { ServerLink } from '../connection/server-link.ts';

const ARROW_DEFLATED = 0x01;
const POINTER = 0x10;
/** A unit has at most 64 MiB of raw rows; what inflates to more is not one. */
const MAX_INFLATED_BYTES = 512 * 2 ** 20;

/** Room for subject, headers and protocol beside the body within the server's max_payload. */
const HEADROOM_BYTES = 4 * 1024;
/** An object of a few MiB; one that takes longer hangs on a connection that was lost in the middle. */
const OBJECT_TIMEOUT_MS = 30_000;

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** A message that is no unit. */
export interface Refusal {
  readonly why: string;
  /** Another version may know what it is. */
  readonly isUnknown: boolean;
}

/** Messages to units and back; what does not fit into a message goes through the job's object store. */
export class UnitBodies {
  readonly #link: ServerLink;
  readonly #names: JobNames;
  readonly #replicas: number;
  #store: Promise<ObjectStore> | undefined;

  constructor(link: ServerLink, names: JobNames, replicas: number) {
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
    const write = () => this.#inTime(store.putBlob({ name: unit.id }, body));
    await this.#link.ask(`cannot store unit ${unit.id}`, write, { signal });
    return encodePointer(unit.id);
  }

  /** @returns why not, when the message is no unit, or its body is not there */
  async unpack(id: UnitId, message: Uint8Array, signal: AbortSignal): Promise<Unit | Refusal> {
    const pointer = pointerIn(message);
    const body = pointer === undefined ? message : pointer === id ? await this.#fetch(id, signal) : null;
    if (body === null) return { why: `the body of unit ${id} is not in ${this.#names.bodyStore}`, isUnknown: false };
    try {
      return await decodeUnit(id, body);
    } catch (error) {
      if (!isFlowDcError(error)) throw error;
      return { why: error.message, isUnknown: isLater(body[0]) };
    }
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

/** Encodings are numbered below the first printable character: text is no unit in any version. */
function isLater(encoding: number | undefined): boolean {
  return encoding !== undefined && encoding < 0x20 && encoding !== ARROW_DEFLATED && encoding !== POINTER;
}

export async function encodeUnit(unit: Unit): Promise<Uint8Array> {
  const meta = JSON.stringify({ shard: unit.shard, hosts: unit.hosts.map(({ host, rows }) => [host, rows]) });
  const metaBytes = Buffer.byteLength(meta);
  // The IPC stream begins at a multiple of 8, as its buffers want it.
  const padded = metaBytes + ((8 - ((4 + metaBytes) % 8)) % 8);
  const head = Buffer.alloc(4 + padded, 0x20);
  head.writeUInt32LE(padded);
  head.write(meta, 4);
  const packed = await deflate(Buffer.concat([head, encodeBatch(unit.rows)]), { level: 1 });
  return Buffer.concat([Uint8Array.of(ARROW_DEFLATED), packed]);
}

/** A message that says where the body is. */
export function encodePointer(unit: UnitId): Uint8Array {
  return Buffer.concat([Uint8Array.of(POINTER), Buffer.from(unit)]);
}

/** @returns the unit that the body is stored under, or undefined when the message holds the body itself */
export function pointerIn(message: Uint8Array): string | undefined {
  return message[0] === POINTER ? Buffer.from(message.subarray(1)).toString('utf8') : undefined;
}

/** Errors: FDC_ERR_TRANSPORT_SERVER when `body` is no unit. */
export async function decodeUnit(id: UnitId, body: Uint8Array): Promise<Unit> {
  if (body[0] !== ARROW_DEFLATED) {
    throw new FlowDcError(
      'FDC_ERR_TRANSPORT_SERVER',
      `Unit ${id} has the encoding ${body[0] ?? 'none'}, which this version does not know; update flow-dc here`,
    );
  }
  try {
    // Copied, so that the batch's buffers are aligned whatever the inflated buffer was cut from.
    const bytes = Uint8Array.from(await inflate(body.subarray(1), { maxOutputLength: MAX_INFLATED_BYTES }));
    const padded = new DataView(bytes.buffer).getUint32(0, true);
    const meta: unknown = JSON.parse(Buffer.from(bytes.subarray(4, 4 + padded)).toString('utf8'));
    const { shard, hosts } = readMeta(meta);
    const rows = decodeForeignBatch(bytes.subarray(4 + padded));
    assertRows(rows);
    if (hosts.reduce((sum, host) => sum + host.rows, 0) !== rows.numRows)
      throw new TypeError('hosts and rows do not add up');
    if (!id.startsWith(`${shard}-`)) throw new TypeError(`its shard is ${shard}`);
    return { id, shard, rows, hosts };
  } catch (error) {
    throw new FlowDcError(
      'FDC_ERR_TRANSPORT_SERVER',
      `Unit ${id} on the server is not one that flow-dc wrote: ${(error as Error).message}`,
    );
  }
}

/** What the stages read without asking. */
function assertRows({ schema, data }: RecordBatch): void {
  const { url, ...others } = readRoles(schema);
  const typeOf = (name: string): DataType | undefined => schema.fields.find((field) => field.name === name)?.type;
  for (const name of [ROW_COLUMN, SOURCE_ROW_COLUMN])
    if (!DataType.isFloat(typeOf(name)) || typeOf(name)?.ArrayType !== Float64Array)
      throw new TypeError(`its column ${name} holds no row numbers`);
  for (const name of [url, SOURCE_FILE_COLUMN]) {
    const type = typeOf(name);
    if (type === undefined || !isTextType(type)) throw new TypeError(`its column ${name} holds no text`);
  }
  for (const name of Object.values(others))
    if (typeOf(name) === undefined) throw new TypeError(`its column ${name} is not there`);
  for (const name of mirrorColumns(schema))
    if (typeOf(name) === undefined) throw new TypeError(`its column ${name} is not there`);
  if (new Set(schema.names).size < data.children.length) throw new TypeError('two of its columns have the same name');
}

function readMeta(meta: unknown): { shard: string; hosts: HostRows[] } {
  const { shard, hosts } = (meta ?? {}) as { shard?: unknown; hosts?: unknown };
  if (typeof shard !== 'string' || !Array.isArray(hosts)) throw new TypeError('its head is not readable');
  const pairs = hosts.map((pair: unknown) => {
    const [host, rows] = Array.isArray(pair) ? pair : [];
    if (typeof host !== 'string' || !Number.isSafeInteger(rows) || rows < 0)
      throw new TypeError('its hosts are not readable');
    return { host, rows: rows as number };
  });
  return { shard, hosts: pairs };
}
