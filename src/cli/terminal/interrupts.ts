/** Ctrl-C and SIGTERM as two abort signals: the first asks to finish, the second to stop. */
export type InterruptName = 'SIGINT' | 'SIGTERM';

export interface Interrupts {
  readonly drain: AbortSignal;
  readonly abort: AbortSignal;
  /** The first signal that arrived. */
  received(): InterruptName | undefined;
  /** Give the process its own handling back. */
  release(): void;
}

export function listenForInterrupts(): Interrupts {
  const drain = new AbortController();
  const abort = new AbortController();
  let count = 0;
  let first: InterruptName | undefined;
  const handle = (name: InterruptName) => (): void => {
    count += 1;
    first ??= name;
    if (count === 1) drain.abort(new Error(`${name} received`));
    else abort.abort(new Error(`${name} received again`));
  };
  const onInt = handle('SIGINT');
  const onTerm = handle('SIGTERM');
  process.on('SIGINT', onInt);
  process.on('SIGTERM', onTerm);
  return {
    drain: drain.signal,
    abort: abort.signal,
    received: () => first,
    release() {
      process.off('SIGINT', onInt);
      process.off('SIGTERM', onTerm);
    },
  };
}

/** 128 + signal number, as shells report it. */
export function exitCodeOf(name: InterruptName): number {
  return name === 'SIGINT' ? 130 : 143;
}
