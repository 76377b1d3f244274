/** Whether nothing is sent for now. What drains is finished, so from then on nothing may keep it. */

export class PauseSwitch {
  readonly #apply: (isPaused: boolean) => void;
  #drain: AbortSignal | undefined;
  #isPaused = false;

  constructor(apply: (isPaused: boolean) => void) {
    this.#apply = apply;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  set(isPaused: boolean): void {
    if (isPaused === this.#isPaused || (isPaused && this.#drain?.aborted === true)) return;
    this.#isPaused = isPaused;
    this.#apply(isPaused);
  }

  goOnAt(drain: AbortSignal): void {
    this.#drain = drain;
    if (drain.aborted) this.set(false);
    drain.addEventListener('abort', () => this.set(false), { once: true });
  }
}
