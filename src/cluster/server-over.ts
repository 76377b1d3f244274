/** How a worker learns that a server which `submit` had started is gone for good, rather than away. */
import { access } from 'node:fs/promises';
import { type Clock, sleep } from '../clock.ts';
import { errnoOf } from '../destination/destination.ts';
import { subscribe } from '../telemetry/channels.ts';

/** The job's end takes the file and the server; a server that is started again leaves the file where it is. */
const LOOK_MS = 1_000;

export interface ServerOver {
  /** Aborts when the server cannot be reached and its worker.json is gone. */
  readonly signal: AbortSignal;
  /** Stop looking. */
  release(): void;
}

/** @param joinFile - as the worker was given it; without one nothing can be known */
export function watchServer(joinFile: string | undefined, clock: Clock): ServerOver {
  const over = new AbortController();
  let away = new AbortController();
  away.abort();
  const unsubscribe = subscribe('flow-dc:server', ({ state }) => {
    away.abort();
    if (state !== 'away' || joinFile === undefined) return;
    away = new AbortController();
    void lookFor(joinFile, clock, away.signal).then((isGone) => isGone && over.abort(new Error('its server is gone')));
  });
  const release = (): void => {
    unsubscribe();
    away.abort();
  };
  return { signal: over.signal, release };
}

/** @returns true when the file is not there any more; false when the signal came first */
async function lookFor(path: string, clock: Clock, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    const error: unknown = await access(path).catch((thrown: unknown) => thrown);
    // A share that does not answer says nothing of the file.
    if (errnoOf(error) === 'ENOENT' && !signal.aborted) return true;
    await sleep(clock, LOOK_MS, signal).catch(() => {});
  }
  return false;
}
