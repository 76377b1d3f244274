/**
 * A job's own entry: what it is and how far it has come. One per job, changed by compare-and-set only; every process
 * keeps what it knows of it fresh.
 */
import type { KV } from '@nats-io/kv';
import { FlowDcError } from '../../../errors.ts';
import { MAX_ORDERS } from '../../../host-limits.ts';
import { schemaCheck, textOfProblems } from '../../../json-schema.ts';
import type { JobDescription, JobOrders } from '../../cluster.ts';
import type { JobStatus } from '../../transport.ts';
import { JOB_KEY } from '../connection/names.ts';
import { isStreamGone, isWrongSequence } from '../connection/nats-error.ts';
import type { ServerLink } from '../connection/server-link.ts';
import { whenMade } from './job-streams.ts';

/** `running` means sealed: `total` is known. Whether it is complete is counted, never stored. */
export type StoredState = 'publishing' | 'running' | 'cancelled' | 'finished';

export interface JobEntry {
  readonly description: JobDescription;
  readonly state: StoredState;
  readonly total?: number | undefined;
  /** Why it was cancelled. */
  readonly reason?: string | undefined;
  /** Absent until somebody says something. */
  readonly orders?: JobOrders | undefined;
}

/** A job's state as everybody is told it. @param committed - how many units have a record */
export function stateOf({ state, total }: JobEntry, committed: number): JobStatus['state'] {
  if (state === 'cancelled') return 'cancelled';
  if (state === 'finished' || (total !== undefined && committed >= total)) return 'sealed';
  return total === undefined ? 'publishing' : 'running';
}

/** A watch can go silent with its server; this is how old what is known may be at most. */
const REREAD_MS = 5_000;

const descriptionSchema = {
  type: 'object',
  required: ['folderId', 'out', 'settings', 'version', 'createdAtMs'],
  properties: {
    folderId: { type: 'string', minLength: 1 },
    out: { type: 'string', minLength: 1 },
    settings: { type: 'object' },
    version: { type: 'string' },
    createdAtMs: { type: 'number' },
    ownServer: { type: 'boolean' },
  },
} as const;

const ordersSchema = {
  type: 'object',
  required: ['isPaused', 'hosts', 'ends'],
  properties: {
    isPaused: { type: 'boolean' },
    ends: { type: 'integer', minimum: 0 },
    hosts: {
      type: 'array',
      maxItems: MAX_ORDERS,
      items: {
        type: 'object',
        required: ['host'],
        properties: {
          host: { type: 'string' },
          skip: { type: 'boolean' },
          cMax: { type: 'integer', minimum: 1 },
          requestsPerSecond: { type: 'number', exclusiveMinimum: 0 },
        },
      },
    },
  },
} as const;

const entrySchema = {
  type: 'object',
  required: ['description', 'state'],
  properties: {
    description: descriptionSchema,
    state: { enum: ['publishing', 'running', 'cancelled', 'finished'] },
    total: { type: 'integer', minimum: 0 },
    reason: { type: 'string' },
    orders: ordersSchema,
  },
} as const;

const isEntry = schemaCheck<JobEntry>(entrySchema, { allErrors: true });
const isDescription = schemaCheck<JobDescription>(descriptionSchema, { allErrors: true });

/** Errors: FDC_ERR_TRANSPORT_SERVER when flow-dc did not write this. */
function parseJobEntry(text: string, job: string): JobEntry {
  const value = parseJson(text);
  if (isEntry(value)) return value;
  throw foreign(job, textOfProblems(isEntry.problems(), 'data'));
}

/** Errors: FDC_ERR_TRANSPORT_SERVER when flow-dc did not write this. */
export function parseDescription(text: string, job: string): JobDescription {
  const value = parseJson(text);
  if (isDescription(value)) return value;
  throw foreign(job, textOfProblems(isDescription.problems(), 'data'));
}

/**
 * The job's entry as this process knows it, kept fresh by a watch, by reading again after every reconnect, and again
 * every few seconds.
 */
export class JobState {
  readonly #link: ServerLink;
  readonly #bucket: KV;
  readonly #job: string;
  readonly #onChange: (entry: JobEntry | undefined) => void;
  readonly #stop = new AbortController();
  #entry: JobEntry;
  #revision: number;
  #cancelReread: (() => void) | undefined;

  private constructor(
    link: ServerLink,
    bucket: KV,
    job: string,
    known: Known,
    onChange: (entry: JobEntry | undefined) => void,
  ) {
    this.#link = link;
    this.#bucket = bucket;
    this.#job = job;
    this.#entry = known.entry;
    this.#revision = known.revision;
    this.#onChange = onChange;
  }

  /**
   * Errors: FDC_ERR_JOB_MISSING.
   * @param onChange - called with every new entry, and with undefined once the job was deleted
   */
  static async open(
    link: ServerLink,
    bucket: KV,
    job: string,
    onChange: (entry: JobEntry | undefined) => void,
  ): Promise<JobState> {
    const known = await readJobEntry(link, bucket, job);
    if (known === undefined) throw jobMissing(job);
    const state = new JobState(link, bucket, job, known, onChange);
    void state.#watch();
    state.#rereadLater();
    const stopListening = link.onReconnect(() => void state.refresh().catch(() => {}));
    state.#stop.signal.addEventListener('abort', stopListening, { once: true });
    return state;
  }

  get entry(): JobEntry {
    return this.#entry;
  }

  /** Ask the server now. @returns undefined when the job was deleted */
  async refresh(giveUpMs?: number): Promise<JobEntry | undefined> {
    const known = await readJobEntry(this.#link, this.#bucket, this.#job, giveUpMs);
    if (this.#stop.signal.aborted) return known?.entry;
    if (known === undefined) this.#onChange(undefined);
    else this.#take(known);
    return known?.entry;
  }

  /**
   * Change the entry. `change` may be called again, with what somebody else made of it. Errors: FDC_ERR_JOB_MISSING.
   */
  async update(change: (entry: JobEntry) => JobEntry): Promise<void> {
    for (;;) {
      const known = await readJobEntry(this.#link, this.#bucket, this.#job);
      if (known === undefined) throw jobMissing(this.#job);
      const entry = change(known.entry);
      if (entry === known.entry) return this.#take(known);
      const write = (): Promise<number> => this.#bucket.update(JOB_KEY, JSON.stringify(entry), known.revision);
      try {
        const revision = await this.#link.ask('cannot change the state of the job', write, { passes: isWrongSequence });
        return this.#take({ entry, revision });
      } catch (error) {
        // Also when our own change got through and its answer did not: then `change` finds it done.
        if (!isWrongSequence(error)) throw error;
      }
    }
  }

  close(): void {
    this.#stop.abort();
    this.#cancelReread?.();
  }

  #take(known: Known): void {
    if (known.revision < this.#revision) return;
    const isNew = known.revision > this.#revision;
    this.#entry = known.entry;
    this.#revision = known.revision;
    if (isNew) this.#onChange(known.entry);
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    try {
      const changes = await this.#link.ask('cannot watch the job', () => this.#bucket.watch({ key: JOB_KEY }), {
        signal,
      });
      signal.addEventListener('abort', () => changes.stop(), { once: true });
      for await (const change of changes) {
        if (change.operation === 'PUT')
          this.#take({ entry: parseJobEntry(change.string(), this.#job), revision: change.revision });
      }
    } catch {
      // Reading again every few seconds goes on and reports what is wrong.
    }
  }

  #rereadLater(): void {
    this.#cancelReread = this.#link.clock.timer(REREAD_MS, () => {
      void this.refresh(REREAD_MS)
        .catch(() => {})
        .finally(() => {
          if (!this.#stop.signal.aborted) this.#rereadLater();
        });
    });
  }
}

interface Known {
  readonly entry: JobEntry;
  readonly revision: number;
}

/** @returns undefined when there is no such job */
export async function readJobEntry(
  link: ServerLink,
  bucket: KV,
  job: string,
  giveUpMs?: number,
): Promise<Known | undefined> {
  const options = { passes: isStreamGone, giveUpMs };
  const doing = `cannot read job ${job}`;
  try {
    if ((await whenMade(link, bucket, doing, options)) === 0) return undefined;
    const found = await link.ask(doing, () => bucket.get(JOB_KEY), options);
    if (found === null || found.operation !== 'PUT') return undefined;
    return { entry: parseJobEntry(found.string(), job), revision: found.revision };
  } catch (error) {
    if (isStreamGone(error)) return undefined;
    throw error;
  }
}

export function jobMissing(job: string): FlowDcError {
  return new FlowDcError('FDC_ERR_JOB_MISSING', `The NATS server has no job ${job}; flow-dc jobs lists those it has`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function foreign(job: string, problem: string): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_TRANSPORT_SERVER',
    `The entry of job ${job} on the server is not one that flow-dc wrote: ${problem}`,
  );
}
