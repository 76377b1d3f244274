/** Has this thread watched by another one for as long as it works: bytes that keep it for ever end the process. */
import { url as inspectorUrl } from 'node:inspector';
import { systemClock } from '../clock.ts';
import { startThread } from '../start-thread.ts';
import type { RowPulse } from '../structures/row-pulse.ts';
import type { WatchData } from './watch-thread.ts';

/** Chosen: what an honest row or a busy machine takes is a hundredth of it. */
const STUCK_MS = 30_000;
const LOOK_MS = 1000;
const BEAT_MS = 250;

/**
 * @param pulse - this thread's
 * @param poisonFolder - where the row is noted that it stood still on
 * @returns ends the watch
 */
export function watchOver(pulse: RowPulse, poisonFolder: string): () => void {
  // Whoever stops it in a debugger wants it to stand still.
  if (inspectorUrl() !== undefined) return () => {};
  const data: WatchData = { pulse: pulse.buffer, poisonFolder, lookMs: LOOK_MS, stuckMs: STUCK_MS };
  let cancel = (): void => {};
  const beat = (): void => {
    pulse.beat();
    cancel = systemClock.timer(BEAT_MS, beat);
  };
  try {
    const thread = startThread(new URL('./watch-thread.ts', import.meta.url), data);
    // Without it the work goes on, unwatched.
    thread.on('error', () => {});
    thread.unref();
    beat();
    return () => {
      cancel();
      void thread.terminate();
    };
  } catch {
    return cancel;
  }
}
