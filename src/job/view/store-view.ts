/** A job in an object store, seen from outside. */
import type { Clock } from '../../clock.ts';
import { StoreFiles } from '../../dataset/files/store-files.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { createStoreCommitter } from '../store/store-committer.ts';
import { markStoreForRepair, readStoreJob, readStoreMark } from '../store/store-job.ts';
import { acquireStoreLock, type StoreLock, storeLockHolder } from '../store/store-lock.ts';
import { storeRemoval } from '../store/store-removal.ts';
import { storeState } from '../store/store-state.ts';
import type { JobView } from './job-view.ts';

/** Closing the view closes the store. Errors: FDC_ERR_JOB_MISSING, and those of the store. */
export async function viewStoreJob(store: ObjectStore, clock: Clock): Promise<JobView> {
  const job = await readStoreJob(store);
  const { area } = job;
  let held: StoreLock | undefined;
  return {
    ...job,
    files: new StoreFiles(store, area.layout),
    decided: createStoreCommitter(area.state),
    state: storeState(area),
    removal: storeRemoval(area, async () => held?.assertHeld()),
    mark: () => readStoreMark(area),
    holder: () => storeLockHolder(area.state, clock),
    lock: async () => {
      held = await acquireStoreLock(area.state, { clock });
      return held;
    },
    markForRepair: (units) => markStoreForRepair(area, units),
    close: () => store.close(),
  };
}
