/** Callers that wait for something to change. They are woken together and look again, in the order they came. */
export class WaitList {
  readonly #wakers = new Set<() => void>();

  /** Resolves at the next `wakeAll`; rejects with the signal's reason when that aborts first. */
  wait(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const wake = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const abort = (): void => {
        this.#wakers.delete(wake);
        reject(signal?.reason);
      };
      this.#wakers.add(wake);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  wakeAll(): void {
    const wakers = [...this.#wakers];
    this.#wakers.clear();
    for (const wake of wakers) wake();
  }
}
