/** The hosts behind the server: rules, gates, faults, counts. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Clock } from '../clock.ts';
import { seededRandom } from '../structures/seeded-random.ts';
import { type CompiledRule, compileRules, type Rule } from './behaviour.ts';
import { Bandwidth } from './capacity.ts';
import { applyFaults, plainPath, type Visit } from './faults.ts';
import { type Connection, createGate, type HostGate } from './gates.ts';
import { HostCounter, type HostStats } from './host-stats.ts';
import { ImageShelf, type ImageSizes } from './image-bytes.ts';
import { hashText } from './random.ts';
import { type Reply, ranged, reply } from './reply.ts';
import { sendReply } from './send-reply.ts';

export interface SiteOptions {
  readonly seed: number;
  readonly sizes: ImageSizes;
  readonly rules: readonly Rule[];
  readonly clock: Clock;
}

interface Host {
  readonly counter: HostCounter;
  readonly draw: () => number;
  /** The rules for this host, each with gates and bandwidth of its own. */
  readonly rules: readonly {
    readonly rule: CompiledRule;
    readonly gates: readonly HostGate[];
    readonly bandwidth: Bandwidth | undefined;
  }[];
}

/** Every host that the server plays: finds the rules for a request, takes it through gates and faults, counts. */
export class Site {
  readonly #options: SiteOptions;
  readonly #images: ImageShelf;
  readonly #startedMs: number;
  readonly #hosts = new Map<string, Host>();
  #rules: readonly CompiledRule[];

  constructor(options: SiteOptions) {
    this.#options = options;
    this.#images = new ImageShelf(options.seed, options.sizes);
    this.#startedMs = options.clock.nowMs();
    this.#rules = compileRules(options.rules);
  }

  /** Answer one request; never rejects: what goes wrong with a client ends with its connection. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = request.headers.host?.toLowerCase() ?? '';
    const host = this.#host(name);
    const end = host.counter.begin(this.#options.clock.nowMs(), request.headers['user-agent']);
    const gone = new AbortController();
    response.once('close', () => {
      end();
      gone.abort();
    });
    try {
      const answer = await this.#answer(name, host, request, gone.signal);
      // Counted before it is sent: a client must not see an answer that the counters do not know yet.
      if (answer.ending !== 'silent' && answer.ending !== 'reset-before-headers') host.counter.answered(answer.status);
      await sendReply(response, answer, this.#options.clock, gone.signal);
    } catch (error) {
      response.destroy();
      if (!gone.signal.aborted) throw error;
    }
  }

  async #answer(name: string, host: Host, request: IncomingMessage, gone: AbortSignal): Promise<Reply> {
    const path = request.url ?? '/';
    const connection: Connection = request.socket;
    const rules = host.rules.filter(({ rule }) => rule.path?.test(path) !== false);
    for (const { gates } of rules) {
      for (const gate of gates) {
        const refused = await gate(gone, connection);
        if (refused !== undefined) return refused;
      }
    }
    const scheme = request.socket instanceof TLSSocket ? 'https' : 'http';
    const visit: Visit = {
      isHead: request.method === 'HEAD',
      scheme,
      host: name,
      path,
      seed: this.#options.seed,
      draw: host.draw,
    };
    const { body, contentType } = this.#images.imageFor(`${scheme}://${name}${plainPath(path)}`);
    const faults = rules.flatMap(({ rule }) => rule.faults);
    const bandwidth = rules.find((each) => each.bandwidth !== undefined)?.bandwidth;
    const image: Reply = { ...reply(200, body, { 'content-type': contentType }), bandwidth };
    return ranged(applyFaults(image, faults, visit), request.headers.range);
  }

  #host(name: string): Host {
    let host = this.#hosts.get(name);
    if (host === undefined) {
      host = this.#createHost(name, new HostCounter());
      this.#hosts.set(name, host);
    }
    return host;
  }

  #createHost(name: string, counter: HostCounter): Host {
    const random = seededRandom(hashText(name, this.#options.seed));
    const context = { clock: this.#options.clock, startedMs: this.#startedMs, random };
    const matching = this.#rules.filter((rule) => rule.host.test(name));
    const rules = matching.map((rule) => ({
      rule,
      gates: rule.gates.map((gate) => createGate(gate, context)),
      bandwidth: rule.link && new Bandwidth(rule.link.bytesPerSecond, context.clock),
    }));
    return { counter, draw: random, rules };
  }

  setRules(rules: readonly Rule[]): void {
    this.#rules = compileRules(rules);
    for (const [name, { counter }] of this.#hosts) this.#hosts.set(name, this.#createHost(name, counter));
  }

  stats(): ReadonlyMap<string, HostStats> {
    return new Map([...this.#hosts].map(([name, { counter }]) => [name, counter.snapshot()]));
  }

  resetStats(): void {
    for (const { counter } of this.#hosts.values()) counter.reset();
  }
}
