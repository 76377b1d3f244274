/** Additive increase, multiplicative decrease, as TCP does it. Sources: RFC 5681 (3.1), RFC 6582, RFC 6928. */
import type { Outcome, SendToken } from '../../../../src/paarc/limit.ts';
import { bounded, ConcurrencyLaw } from './concurrency-law.ts';

const initialWindow = 10;
const decrease = 0.5;

/**
 * A window of requests: one more per result up to the threshold (slow start), from there on one more per window of
 * results, and half after a refusal or error. What was on its way when it was halved cannot halve it again.
 */
export class AimdLaw extends ConcurrencyLaw {
  #window = initialWindow;
  #threshold = Number.POSITIVE_INFINITY;
  #sends = 0;
  /** Sends up to this one left before the last cut. */
  #cutAt = 0;

  get permits(): number {
    return Math.floor(this.#window);
  }

  onSend(): SendToken {
    return ++this.#sends;
  }

  protected learn(token: SendToken, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'neutral':
        return;
      case 'ok':
        this.#window = bounded(this.#window + (this.#window < this.#threshold ? 1 : 1 / this.#window));
        return;
      case 'rate':
      case 'overload':
        if (token <= this.#cutAt) return;
        this.#cutAt = this.#sends;
        this.#window = bounded(decrease * this.#window);
        this.#threshold = this.#window;
    }
  }
}
