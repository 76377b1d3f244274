/** Requests for manifests over http(s), redirects followed: where the user named the place, and guarded elsewhere. */
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { Agent, type Dispatcher } from 'undici';
import { type Clock, systemClock } from '../../../clock.ts';
import { stageSettings } from '../../../config/stage-settings.ts';
import { isFlowDcError } from '../../../errors.ts';
import type { AddressGuard } from '../../../network/address-guard.ts';
import type { Connector } from '../../../network/connector.ts';
import { createHostRules } from '../../../network/host-rules.ts';
import {
  createConnector,
  createResolver,
  type NetworkOptions,
  type NetworkSettings,
  userAgentOf,
} from '../../../network/network-settings.ts';
import { keepEndWhilePaused } from '../../../network/paused-end.ts';
import { requestHeaders } from '../../../network/request-headers.ts';
import type { NameResolver } from '../../../network/resolver.ts';
import { refusal, unreachable } from './http-errors.ts';
import { PassingFault } from './remote-file.ts';

/** For the first byte of a reply, connecting included, and between two pieces of its body. */
const HEADERS_MS = 30_000;
const SILENCE_MS = 60_000;
const MAX_REDIRECTS = 10;
/** The end of a connection that came while nobody read is told so soon after they read again. */
const END_MS = 20;

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
  /** Where it came from in the end. */
  readonly url: URL;
}

/** Whoever the user named may be anywhere. */
const ANYWHERE: AddressGuard = { allows: () => true };

interface Way {
  readonly connector: Connector;
  readonly agent: Agent;
}

/** Opens connections as they are needed; after `close` the next request opens them again. */
export class HttpNetwork {
  readonly #settings: NetworkSettings;
  readonly #clock: Clock;
  readonly #policyOf: ReturnType<typeof createHostRules>;
  #resolver: NameResolver | undefined;
  readonly #ways = new Map<'named' | 'guarded', Way>();

  constructor(options: NetworkOptions, clock: Clock = systemClock) {
    const { allowPrivate, connectTo, caFile, insecure, dnsServers, hosts, userAgent, contact, proxy, noProxy } =
      options;
    const own = { allowPrivate, connectTo, caFile, insecure, dnsServers, hosts, userAgent, contact, proxy, noProxy };
    this.#settings = stageSettings('fetch', own);
    this.#clock = clock;
    this.#policyOf = createHostRules(this.#settings);
  }

  /**
   * Ask for `url`; a redirect is followed, never from https to http.
   * @param named - as the user wrote it: whatever has its origin may be at a private address
   * Errors: FlowDcError with what to do; PassingFault.
   */
  async get(url: URL, named: URL, headers: Record<string, string>, signal: AbortSignal): Promise<HttpReply> {
    let at = url;
    for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
      const reply = await this.#send(at, named, headers, signal);
      const { location } = reply.headers;
      if (![301, 302, 303, 307, 308].includes(reply.statusCode) || location === undefined)
        return { status: reply.statusCode, headers: reply.headers, body: reply.body, url: at };
      discard(reply.body);
      const target = String([location].flat()[0]);
      if (!URL.canParse(target, at.href)) throw refusal(named, 'leads to an address that is none');
      const next = new URL(target, at.href);
      if (next.protocol !== 'https:' && next.protocol !== at.protocol)
        throw refusal(named, `leads to ${next.protocol}//${next.host}, which is not https`, 'name that address itself');
      at = next;
    }
    throw refusal(named, `leads on and on (${MAX_REDIRECTS} redirects)`, 'name the address of the file itself');
  }

  async close(): Promise<void> {
    const ways = [...this.#ways.values()];
    this.#ways.clear();
    this.#resolver?.close();
    this.#resolver = undefined;
    for (const { agent, connector } of ways) {
      connector.close();
      await agent.destroy();
    }
  }

  async #send(
    url: URL,
    named: URL,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const late = new AbortController();
    const stop = this.#clock.timer(HEADERS_MS, () => late.abort(new PassingFault('no answer after 30 s')));
    const isNamed = url.origin === named.origin;
    try {
      const { agent, connector } = this.#way(isNamed ? 'named' : 'guarded');
      const forwarded = connector.forwards(url.origin);
      const own = requestHeaders(url, userAgentOf(this.#settings), this.#policyOf(url.host), {});
      const reply = await agent.request({
        origin: url.origin,
        path: `${forwarded === undefined ? '' : url.origin}${url.pathname}${url.search}`,
        method: 'GET',
        headers: { ...own, ...headers, ...forwarded?.headers },
        headersTimeout: 0,
        bodyTimeout: SILENCE_MS,
        signal: AbortSignal.any([signal, late.signal]),
      });
      if (forwarded === undefined || reply.statusCode !== 407) return reply;
      discard(reply.body);
      throw forwarded.refused();
    } catch (error) {
      if (signal.aborted || isFlowDcError(error)) throw error;
      throw unreachable(named, late.signal.aborted ? late.signal.reason : error);
    } finally {
      stop();
    }
  }

  /** Who reads a manifest takes it piece by piece, and says so to nobody but the body. */
  #tellLater(tell: () => boolean): void {
    this.#clock.timer(END_MS, () => tell() || this.#tellLater(tell));
  }

  #way(kind: 'named' | 'guarded'): Way {
    let way = this.#ways.get(kind);
    if (way === undefined) {
      this.#resolver ??= createResolver(this.#settings, this.#clock);
      const connector = createConnector(
        this.#settings,
        this.#resolver,
        this.#clock,
        kind === 'named' ? ANYWHERE : undefined,
      );
      const agent = new Agent({
        connect: (options, callback) =>
          void connector.connect(options, (...made) => {
            const [error, socket] = made;
            if (error === null) keepEndWhilePaused(socket as Socket, (tell) => this.#tellLater(tell));
            callback(...made);
          }),
        pipelining: 1,
        connections: 8,
      });
      way = { connector, agent };
      this.#ways.set(kind, way);
    }
    return way;
  }
}

/** Of a reply of which nothing is wanted: its connection goes with it unless there is little of it. */
export function discard(body: Readable): void {
  body.on('error', () => {});
  body.destroy();
}
