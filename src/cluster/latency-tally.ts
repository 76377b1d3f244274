/** How long hosts took to answer this worker since it last told of it: what whoever looks at the job adds up. */
import { latencyBucket } from '../structures/latency-buckets.ts';
import { subscribe } from '../telemetry/channels.ts';
import type { WorkerLatencies } from '../transport/cluster.ts';

const MAX_HOSTS = 20;

export class LatencyTally {
  readonly #unsubscribe: () => void;
  readonly #hosts = new Map<string, Map<number, number>>();

  constructor() {
    this.#unsubscribe = subscribe('flow-dc:attempt', ({ host, code, headersMs }) => {
      if (code !== undefined) return;
      const bucket = latencyBucket(headersMs);
      const counts = this.#hosts.get(host) ?? new Map<number, number>();
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
      this.#hosts.set(host, counts);
    });
  }

  /** Since the call before, of the hosts with most answers. */
  take(): WorkerLatencies[] {
    const hosts = [...this.#hosts].map(([host, counts]) => ({
      ...{ host, counted: [...counts].flat() },
      answers: [...counts.values()].reduce((sum, count) => sum + count, 0),
    }));
    this.#hosts.clear();
    hosts.sort((a, b) => b.answers - a.answers);
    return hosts.slice(0, MAX_HOSTS).map(({ host, counted }) => ({ host, counted }));
  }

  end(): void {
    this.#unsubscribe();
  }
}
