/** Tells what became of single files from a host that has shut its door, where both are said with the same status. */

import type { Outcome } from './limit.ts';
import { beyondChance, leastRun, rememberedReplies } from './rate-tuning.ts';

/**
 * Counts replies that deny one file (403, 404, 410, a page in place of the file). After a success, a run of them that
 * the host's own share of dead links does not explain is a refusal, as a 429 would be; the first success ends it. Where
 * there never was a success they are what the host has to say about its files. Pure.
 */
export class RefusalWatch {
  #granted = 0;
  #denied = 0;
  #run = 0;
  #hasGranted = false;

  /** Whether the host has shut its door, as far as its last replies tell. */
  get isShut(): boolean {
    if (!this.#hasGranted || this.#run < leastRun) return false;
    const deniedBefore = this.#denied - this.#run;
    // Dead links come in clusters, so their share says too little about runs of them: the square root does.
    const share = Math.sqrt((deniedBefore + 1) / (deniedBefore + this.#granted + 2));
    return this.#run * Math.log(share) < beyondChance;
  }

  granted(): void {
    // What has turned out to be a refusal said nothing of dead links.
    if (this.isShut) this.#denied -= this.#run;
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
    this.#denied++;
    return this.isShut;
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
        return outcome.isDenied === true && this.denied() ? { kind: 'rate', serviceMs, isShut: true } : outcome;
      case 'rate':
        return outcome.isShut === true ? { ...outcome, isShut: this.denied() } : outcome;
    }
  }
}
