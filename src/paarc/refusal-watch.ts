/** Tells what became of single files from a host that has shut its door, where both are said with the same status. */

import type { Outcome } from './limit.ts';
import {
  beyondChance,
  beyondDoubt,
  deadPart,
  leastKnown,
  leastMixed,
  leastRefusedShare,
  leastRun,
  rememberedReplies,
  shareDeviations,
  timesDead,
} from './rate-tuning.ts';

/**
 * Counts replies that deny one file (403, 404, 410, a page in place of the file). After a success, a run of them that
 * the host's own share of dead links does not explain is a refusal, as a 429 would be; the first success ends it. So are
 * many with successes among them, which a host makes that is asked too fast; of a host that has refused in one of these
 * ways before, a few are enough. Where there never was a success they are what the host has to say about its files.
 * Pure. Source of the test: Wald and Page (CUSUM).
 */
export class RefusalWatch {
  #granted = 0;
  /** Those that are taken for dead links. */
  #denied = 0;
  #run = 0;
  #hasGranted = false;
  /** Evidence that denials are refusals, and those since there was none. */
  #evidence = 0;
  #doubtful = 0;
  #hasRefused = false;

  /** Whether the host has shut its door, as far as its last replies tell. */
  get isShut(): boolean {
    if (!this.#hasGranted || this.#run < leastRun) return false;
    return this.#run * Math.log(this.#share) < beyondChance;
  }

  /** Whether denials are refusals now, with or without successes among them. */
  get isRefusing(): boolean {
    if (this.isShut) return true;
    if (this.#hasRefused) return this.#evidence > beyondDoubt;
    return this.#hasGranted && this.#doubtful >= leastMixed && this.#evidence > -beyondChance;
  }

  granted(): void {
    if (this.isRefusing) this.#hasRefused = true;
    // What has turned out to be a refusal said nothing of dead links.
    if (this.isShut) [this.#evidence, this.#doubtful] = [0, 0];
    else this.#weigh(false);
    this.#hasGranted = true;
    this.#run = 0;
    this.#granted++;
    if (this.#granted + this.#denied < rememberedReplies) return;
    this.#granted /= 2;
    this.#denied /= 2;
  }

  /** @returns whether this one is a refusal */
  denied(): boolean {
    this.#run++;
    this.#doubtful++;
    this.#weigh(true);
    return this.isRefusing;
  }

  /** One that was taken for a refusal was a dead link. */
  dead(): void {
    this.#denied++;
  }

  /** An outcome as those before it show it, where several threads or machines bring theirs. */
  read(outcome: Outcome, serviceMs: number): Outcome {
    switch (outcome.kind) {
      case 'ok':
        this.granted();
        return outcome;
      case 'overload':
        return outcome;
      case 'neutral':
        return outcome.isDenied === true && this.denied() ? { kind: 'rate', serviceMs, isShut: this.isShut } : outcome;
      case 'rate':
        return outcome.isShut === true ? { ...outcome, isShut: this.denied() } : outcome;
    }
  }

  /**
   * Of denials that mean a dead link: the most that it may be by what is known (Wilson's bound). They come in clusters, so
   * that says too little, and its root does.
   */
  get #share(): number {
    const replies = this.#denied + this.#granted;
    if (this.#hasRefused) return (this.#denied + 1) / (replies + 2);
    const squared = shareDeviations ** 2;
    const spread = Math.sqrt(squared * ((this.#denied * this.#granted) / Math.max(1, replies) + squared / 4));
    return Math.sqrt((this.#denied + squared / 2 + spread) / (replies + squared));
  }

  #weigh(isDenied: boolean): void {
    const dead = this.#share;
    const refused = this.#hasRefused ? Math.max(leastRefusedShare, Math.min(0.9, timesDead * dead)) : (1 + dead) / 2;
    const weight = isDenied ? Math.log(refused / dead) : Math.log((1 - refused) / (1 - dead));
    // As long as little is known of its dead links, only a run of denials tells.
    const isKnown = isDenied || this.#hasRefused || this.#granted >= leastKnown;
    this.#evidence = isKnown ? Math.max(0, this.#evidence + weight) : 0;
    if (this.#evidence > 0) return;
    // Of a host that refuses in this way some of them were refusals.
    this.#denied += (this.#hasRefused ? deadPart : 1) * this.#doubtful;
    this.#doubtful = 0;
  }
}
