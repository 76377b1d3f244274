/** How long hosts took to answer this worker since it last told of it: what whoever looks at the job adds up. */
import { latencyBucket } from '../structures/latency-buckets.ts';
import { subscribe } from '../telemetry/channels.ts';

export class LatencyTally {
  readonly #unsubscribe: () => void;
  #hosts = new Map<string, Map<number, number>>();

  constructor() {
    this.#unsubscribe = subscribe('flow-dc:attempt', ({ host, code, headersMs }) => {
      if (code !== undefined) return;
      const bucket = latencyBucket(headersMs);
      const counts = this.#hosts.get(host) ?? new Map<number, number>();
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
      this.#hosts.set(host, counts);
    });
  }

  /** Since the call before. @returns asks for one host: bucket, how many, bucket, how many, and so on */
  take(): (host: string) => number[] {
    const hosts = this.#hosts;
    this.#hosts = new Map();
    return (host) => [...(hosts.get(host) ?? [])].flat();
  }

  end(): void {
    this.#unsubscribe();
  }
}
