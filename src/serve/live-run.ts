/** The live page of what works in this process: a download, or a worker of a job. */
import { availableParallelism } from 'node:os';
import { idleClock } from '../clock.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { createHostRules } from '../network/host-rules.ts';
import { mostAtOnce } from '../threads/force.ts';
import { Live } from './live.ts';
import { requireEffect } from './order-check.ts';
import { LiveBook } from './watch/live-book.ts';
import { PictureBook } from './watch/picture-book.ts';
import { RunWatch, type WatchedForce } from './watch/run-watch.ts';
import type { Controls } from './watch/served-state.ts';
import { type Steered, Steering } from './watch/steering.ts';

export interface LiveRunOptions {
  /** As `--serve` was given. */
  readonly address: string;
  readonly kind: 'download' | 'worker';
  readonly config: ResolvedConfig;
  readonly output: string;
}

interface Parts {
  readonly watch: RunWatch;
  readonly steering: Steering;
  readonly drain: AbortController;
}

const NO_PICTURES = 'pictures are switched off (no serve_pictures)';

export class LiveRun {
  readonly live: Live;
  /** Somebody said on the page to end. */
  readonly drain: AbortSignal;
  readonly #watch: RunWatch;
  readonly #steering: Steering;

  private constructor(live: Live, { watch, steering, drain }: Parts) {
    this.live = live;
    this.drain = drain.signal;
    this.#watch = watch;
    this.#steering = steering;
  }

  /** Errors: FDC_ERR_CONFIG_INVALID for an address that cannot be listened on. */
  static async open({ address, kind, config, output }: LiveRunOptions): Promise<LiveRun> {
    const clock = idleClock;
    const [steering, drain] = [new Steering(), new AbortController()];
    const ruleOf = createHostRules(config.fetch);
    const pictures = config.run.servePictures ? new PictureBook() : undefined;
    const controls = (): Controls => {
      const elsewhere = watch.pausedElsewhere;
      const refused = elsewhere === undefined ? {} : { pause: elsewhere };
      const isPaused = steering.isPaused || elsewhere !== undefined;
      return { refused, isPaused, rules: steering.orders, mostAtOnce: steering.mostAtOnce ?? mostAtOnce(config) };
    };
    const book = new LiveBook({
      ...{ kind, output, clock, cores: availableParallelism(), maxInFlight: config.fetch.concurrentDownloads },
      controls,
      pictures: pictures && (() => pictures.numbers),
      picturesRefused: pictures === undefined ? NO_PICTURES : undefined,
    });
    const watch: RunWatch = new RunWatch(book, clock);
    const live = await Live.open(address, {
      book,
      controls: {
        drain: () => drain.abort(new Error('told to end by the live page')),
        pause: (isPaused) => steering.pause(isPaused),
        setHost: (order) => {
          requireEffect(order, ruleOf, (name) => book.hosts.has(name));
          steering.setHost(order);
        },
      },
      picture: (number) => pictures?.picture(number),
      close: () => {
        watch.close();
        pictures?.close();
      },
    });
    return new LiveRun(live, { watch, steering, drain });
  }

  /** What works from now on. @returns called when it works no more */
  attach(force: WatchedForce & Steered): () => void {
    this.#watch.attach(force);
    this.#steering.attach(force);
    return () => {
      this.#watch.detach();
      this.#steering.detach();
    };
  }
}
