/** Watches the working half in this process: listens to what it tells, and looks at it once a second. */
import type { Clock } from '../../clock.ts';
import type { HostLoad } from '../../stages/fetch/result-stream.ts';
import { subscribe } from '../../telemetry/channels.ts';
import type { LiveBook } from './live-book.ts';
import { ownLoadMeter } from './own-load.ts';

/** What is looked at: all threads together. */
export interface WatchedForce {
  stats(): {
    readonly inFlight: number;
    readonly queued: number;
    readonly heldMs: number;
    readonly threads: number;
    readonly bodyShare: number;
    readonly heldBy?: string | undefined;
  };
  /** Those with rows. */
  hosts(): readonly HostLoad[];
  /** Somebody else has paused it: who, and how it goes on. Absent where there is nobody else. */
  pausedElsewhere?(): string | undefined;
}

const LOOK_MS = 1000;
/** Of the time, that looking may take: with very many busy hosts it is done less often. */
const SHARE = 0.01;
const NONE = { inFlight: 0, queued: 0, heldMs: 0, threads: 0, bodyShare: 0 };

/** @param clock - whose timers keep no process alive */
export class RunWatch {
  readonly #book: LiveBook;
  readonly #clock: Clock;
  readonly #unsubscribe: readonly (() => void)[];
  readonly #load: ReturnType<typeof ownLoadMeter>;
  #force: WatchedForce | undefined;
  #tookMs = 0;
  #cancel = (): void => {};

  constructor(book: LiveBook, clock: Clock) {
    this.#book = book;
    this.#clock = clock;
    this.#load = ownLoadMeter(clock);
    this.#unsubscribe = listen(book);
    this.#again();
  }

  get pausedElsewhere(): string | undefined {
    return this.#force?.pausedElsewhere?.();
  }

  attach(force: WatchedForce): void {
    this.#force = force;
  }

  detach(): void {
    this.look();
    this.#force = undefined;
  }

  look(): void {
    const stats = this.#force?.stats() ?? NONE;
    this.#book.look({ ...stats, hosts: this.#force?.hosts() ?? [], own: this.#load() });
  }

  close(): void {
    this.#cancel();
    for (const end of this.#unsubscribe) end();
  }

  #again(): void {
    this.#cancel = this.#clock.timer(Math.max(LOOK_MS, this.#tookMs / SHARE), () => {
      const startMs = this.#clock.nowMs();
      this.look();
      this.#tookMs = this.#clock.nowMs() - startMs;
      this.#again();
    });
  }
}

/** @returns ends it */
function listen(book: LiveBook): readonly (() => void)[] {
  return [
    subscribe('flow-dc:row', ({ host, status, code, bytes }) => {
      book.settled.row(status, 1, bytes);
      book.hosts.row(host, status, code, bytes);
      if (code !== undefined) book.settled.codes.add(code, 1);
    }),
    subscribe('flow-dc:reading', ({ rows, bytes, ofBytes, mostRows }) =>
      book.guess(Math.min(mostRows, Math.round((rows * ofBytes) / bytes))),
    ),
    subscribe('flow-dc:missed', ({ code, url }) => book.settled.codes.sample(code, url)),
    subscribe('flow-dc:attempt', ({ host, code, headersMs }) => book.hosts.attempt(host, code, headersMs)),
    subscribe('flow-dc:limit', ({ host, transition }) => {
      book.transition();
      book.hosts.state(host, transition.to);
    }),
    subscribe('flow-dc:network', ({ isHeld }) => book.offline(isHeld)),
    subscribe('flow-dc:shortage', ({ message }) => book.short(message)),
    subscribe('flow-dc:bottleneck', ({ bottleneck }) => book.held(bottleneck)),
    subscribe('flow-dc:unit-committed', () => {
      book.settled.units += 1;
    }),
    subscribe('flow-dc:quota', ({ host, resumesAtMs }) => book.hosts.quota(host, resumesAtMs)),
  ];
}
