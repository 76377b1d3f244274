/** The live page of a job on a server: of its submitter, or of anybody who looks. */
import { idleClock } from '../clock.ts';
import { workerConfig } from '../cluster/worker.ts';
import { type HostOrder, isEmptyOrder, MAX_ORDERS, tooManyOrders } from '../host-limits.ts';
import { createHostRules, type KnownRule } from '../network/host-rules.ts';
import type { UnitRecord } from '../record.ts';
import { mostAtOnce } from '../threads/force.ts';
import type { ClusterChannel, JobOrders } from '../transport/cluster.ts';
import { Live } from './live.ts';
import { requireEffect } from './order-check.ts';
import { JobWatch } from './watch/job-watch.ts';
import { LiveBook } from './watch/live-book.ts';
import type { Controls, RunControls } from './watch/served-state.ts';

export interface LiveJobOptions {
  /** As `--serve` was given. */
  readonly address: string;
  /** `submit`: its button for the end leaves the job, whose workers go on; of a `job` it tells all workers to end. */
  readonly kind: 'submit' | 'job';
  readonly output: string;
}

const NOT_YET = 'the job is not on its server yet';
const NO_PICTURES = 'pictures are shown by the page of a download or of a worker: they do not pass through the server';

interface Followed {
  channel?: ClusterChannel | undefined;
  watch?: JobWatch | undefined;
  mostAtOnce?: number | undefined;
  ruleOf?: ((host: string) => KnownRule) | undefined;
}

export class LiveJob {
  readonly live: Live;
  /** Somebody said on the page to leave. */
  readonly drain: AbortSignal;
  readonly #of: Followed;

  private constructor(live: Live, drain: AbortSignal, of: Followed) {
    this.live = live;
    this.drain = drain;
    this.#of = of;
  }

  /** Errors: FDC_ERR_CONFIG_INVALID for an address that cannot be listened on. */
  static async open({ address, kind, output }: LiveJobOptions): Promise<LiveJob> {
    const of: Followed = {};
    const leave = new AbortController();
    const most = Number.POSITIVE_INFINITY;
    const book = new LiveBook({
      ...{ kind, output, clock: idleClock, cores: most, maxInFlight: most, picturesRefused: NO_PICTURES },
      controls: () => controlsOf(of, kind),
    });
    const order = async (change: (orders: JobOrders) => JobOrders): Promise<void> => of.channel?.order(change);
    const controls: RunControls = {
      drain: () =>
        kind === 'submit'
          ? leave.abort(new Error('told to leave by the live page'))
          : order((orders) => ({ ...orders, ends: orders.ends + 1 })),
      pause: (isPaused) => order((orders) => ({ ...orders, isPaused })),
      setHost: (said) => {
        requireEffect(said, of.ruleOf ?? (() => ({})), (name) => book.hosts.has(name));
        return order((orders) => ({ ...orders, hosts: withOrder(orders.hosts, said) }));
      },
    };
    const live = await Live.open(address, { book, controls, close: () => of.watch?.close() });
    return new LiveJob(live, leave.signal, of);
  }

  /** The job is there. @returns called when it is not looked at any more */
  attach(channel: ClusterChannel): () => void {
    this.#of.channel = channel;
    const config = workerConfig(channel.description.settings, {});
    this.#of.mostAtOnce = mostAtOnce(config);
    this.#of.ruleOf = createHostRules(config.fetch);
    this.#of.watch = new JobWatch(this.live.book, channel, idleClock);
    return () => {
      this.#of.watch?.close();
      this.#of.channel = undefined;
    };
  }

  record(record: UnitRecord): void {
    this.#of.watch?.record(record);
  }
}

function controlsOf({ channel, mostAtOnce }: Followed, kind: LiveJobOptions['kind']): Controls {
  if (channel === undefined) {
    const refused = { pause: NOT_YET, hosts: NOT_YET, ...(kind === 'job' && { drain: NOT_YET }) };
    return { refused, isPaused: false, rules: [] };
  }
  const { isPaused, hosts } = channel.orders;
  return { refused: {}, isPaused, rules: hosts, mostAtOnce };
}

function withOrder(hosts: readonly HostOrder[], order: HostOrder): HostOrder[] {
  const others = hosts.filter(({ host }) => host !== order.host);
  if (others.length >= MAX_ORDERS && !isEmptyOrder(order)) throw tooManyOrders();
  return isEmptyOrder(order) ? others : [...others, order];
}
