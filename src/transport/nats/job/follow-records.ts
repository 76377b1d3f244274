/** Records as they are made, until the end of the job. */
import type { UnitRecord } from '../../../record.ts';
import type { WaitList } from '../../../structures/wait-list.ts';
import type { RecordStore } from './record-store.ts';

export interface FollowOptions {
  readonly records: RecordStore;
  /** Wakes when the job changed: sealed, cancelled, finished, closed. */
  readonly changed: WaitList;
  /** Whether nothing more is to come after `seen` records. */
  readonly isOver: (seen: number) => boolean;
  readonly signal: AbortSignal;
}

/** Records as they are made, those of before first, until the signal or the end of the job. */
export async function* followRecords(options: FollowOptions): AsyncIterable<UnitRecord> {
  const { records, changed, isOver, signal } = options;
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  let seen = 0;
  const look = async (): Promise<void> => {
    while (!stop.signal.aborted && !isOver(seen)) await changed.wait(stop.signal).catch(() => {});
    stop.abort();
  };
  if (signal.aborted) return;
  signal.addEventListener('abort', abort, { once: true });
  void look();
  try {
    for await (const record of records.follow(stop.signal)) {
      seen++;
      yield record;
      if (stop.signal.aborted || isOver(seen)) return;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    stop.abort();
  }
}
