/** Listens after a cut to the answers of requests that had gone out before it. */
import type { Control, PaarcState } from './state.ts';

/** Requests sent with this much more in flight than the least refused ones would all have met the same cap. */
const aboveCap = 1.1;
const leastAnswers = 8;
/** Below this share of refusals among them there is no cap. Chosen by scenario runs: a cap gives 0.3 and more. */
const chanceShare = 0.15;
/** Answers to requests from before the cut are in after this many reaction times. */
const answeredReactions = 1.5;

/**
 * Listens after a cut to the answers of requests that had gone out before it. If the host had a cap where it seemed to
 * refuse, most requests sent well above that level were refused too; if most of them succeed, a few errors by chance
 * had met a growing limit. Without this a host with 1 % random errors is stopped in STARTUP at a tenth of its capacity
 * by three errors in a row.
 */
export class CutEcho {
  readonly control: Control;
  readonly state: PaarcState;
  readonly #sinceMs: number;
  readonly #cutAtMs: number;
  readonly #level: number;
  readonly #judgeAtMs: number;
  #answers = 0;
  #refused = 0;

  /**
   * @param before - what was in force before the cut, since `sinceMs`; `refusedAt` = number in flight that met refusals
   */
  constructor(before: { control: Control; state: PaarcState; sinceMs: number; refusedAt: number }, nowMs: number) {
    this.control = before.control;
    this.state = before.state;
    this.#sinceMs = before.sinceMs;
    this.#cutAtMs = nowMs;
    this.#level = aboveCap * before.refusedAt;
    this.#judgeAtMs = nowMs + answeredReactions * before.control.reactionMs;
  }

  /** One more answer. */
  hear(sentAtMs: number, inFlightAtSend: number, isRefused: boolean): void {
    if (sentAtMs > this.#cutAtMs || sentAtMs < this.#sinceMs || inFlightAtSend < this.#level) return;
    this.#answers++;
    if (isRefused) this.#refused++;
  }

  /** @returns undefined while answers are missing */
  wasChance(nowMs: number): boolean | undefined {
    if (nowMs < this.#judgeAtMs) return undefined;
    return this.#answers >= leastAnswers && this.#refused < chanceShare * this.#answers;
  }
}
