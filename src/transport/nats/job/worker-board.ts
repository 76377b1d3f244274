/** What every worker last said of itself. */
import type { KV } from '@nats-io/kv';
import { schemaCheck } from '../../../json-schema.ts';
import { LATENCY_BUCKETS } from '../../../structures/latency-buckets.ts';
import type { WorkerStatus } from '../../cluster.ts';
import { replay } from '../connection/bucket-replay.ts';
import { workerKey } from '../connection/names.ts';
import type { ServerLink } from '../connection/server-link.ts';

/** Workers that were silent for longer are of no interest any more. */
const FORGET_MS = 3_600_000;
const count = { type: 'number', minimum: 0 } as const;

const statusSchema = {
  type: 'object',
  required: [
    'worker',
    'name',
    'atMs',
    'state',
    'units',
    'rowsDone',
    'bytes',
    'rowsPerSecond',
    'inFlight',
    'queued',
    'hosts',
  ],
  properties: {
    worker: { type: 'string' },
    name: { type: 'string' },
    atMs: count,
    state: { enum: ['working', 'draining', 'gone'] },
    units: { type: 'array', items: { type: 'string' } },
    rowsDone: count,
    bytes: count,
    rowsPerSecond: count,
    inFlight: count,
    queued: count,
    refused: count,
    fetchedOpen: count,
    heldBy: { type: 'string' },
    hosts: {
      type: 'array',
      items: {
        type: 'object',
        required: ['host', 'inFlight', 'limit', 'waiting', 'perSecond', 'state'],
        properties: {
          host: { type: 'string' },
          inFlight: count,
          limit: { type: 'number' },
          waiting: count,
          perSecond: count,
          state: { type: 'string' },
        },
      },
    },
    latencies: {
      type: 'array',
      maxItems: 20,
      items: {
        type: 'object',
        required: ['host', 'counted'],
        properties: {
          host: { type: 'string' },
          counted: { type: 'array', maxItems: 2 * LATENCY_BUCKETS, items: { type: 'integer', minimum: 0 } },
        },
      },
    },
  },
} as const;

const isStatus = schemaCheck<WorkerStatus>(statusSchema);

/** What every worker last said of itself, in the job's state bucket. */
export class WorkerBoard {
  readonly #link: ServerLink;
  readonly #bucket: KV;
  readonly #bucketName: string;

  constructor(link: ServerLink, bucket: KV, bucketName: string) {
    this.#link = link;
    this.#bucket = bucket;
    this.#bucketName = bucketName;
  }

  /** Stored by the server like any put, but nobody waits for it. Nothing piles up while the server is away. */
  post(status: WorkerStatus): void {
    if (!this.#link.isUp || this.#link.connection.isClosed()) return;
    this.#link.connection.publish(`$KV.${this.#bucketName}.${workerKey(status.worker)}`, JSON.stringify(status));
  }

  async read(): Promise<readonly WorkerStatus[]> {
    const workers = new Map<string, WorkerStatus>();
    const oldestMs = this.#link.clock.wallMs() - FORGET_MS;
    for await (const { key, text, atMs } of replay(this.#link, this.#bucket, 'w.>')) {
      const status = parse(text);
      if (status !== undefined && atMs >= oldestMs) workers.set(key, status);
    }
    return [...workers.values()];
  }
}

/** Something else under a worker's key is left out: it is only ever shown. */
function parse(text: string): WorkerStatus | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isStatus(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
