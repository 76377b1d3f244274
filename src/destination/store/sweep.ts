/** What attempts without a record left in a store: open uploads, loose files that were never moved. */
import type { UnitId, UnitRecord } from '../../record.ts';
import type { ObjectStore, OpenUpload } from '../../store/object-store.ts';
import { isOrphanedProbe, PROBE_PREFIX } from '../../store/probe-key.ts';
import { forEachConcurrently } from '../loose-files.ts';
import { isOwnKey, STAGING, STATE_PREFIX, type StoreArea } from './store-layout.ts';
import { removeBelow } from './store-staging.ts';

const ABORTS = 8;
/** Where its maker is unknown. Trying takes less than a second; clocks differ by more. */
const PROBE_MS = 600_000;

/** Remove staged loose files of attempts that nobody decided. */
export async function sweepStaging(
  { state }: StoreArea,
  isDecided: (unit: UnitId, token: string) => Promise<boolean>,
): Promise<void> {
  const attempts = new Set<string>();
  for await (const { key } of state.list(STAGING)) attempts.add(key.slice(STAGING.length).split('/')[0] as string);
  for (const attempt of attempts) {
    const [unit = '', token = ''] = attempt.split('.');
    if (!(await isDecided(unit, token))) await removeBelow(state, `${STAGING}${attempt}/`);
  }
}

/** Remove what a process that was killed was trying the store with. Those of now may be somebody's. */
export async function sweepProbes({ output, state }: StoreArea, nowMs: number): Promise<void> {
  for (const store of [output, state]) {
    const old: string[] = [];
    for await (const { key, modifiedAtMs } of store.list(PROBE_PREFIX))
      if (modifiedAtMs < nowMs - PROBE_MS || isOrphanedProbe(key)) old.push(key);
    await store.remove(old);
  }
}

/** Abort uploads on our keys that no record names. */
export async function sweepUploads(
  { layout, output, state }: StoreArea,
  records: AsyncIterable<UnitRecord>,
): Promise<void> {
  const open = new Map<string, { readonly store: ObjectStore; readonly upload: OpenUpload }>();
  for (const store of layout === 'shards' ? [output] : [output, state]) {
    for await (const upload of store.uploads('')) {
      const own = layout === 'shards' ? upload.key.replace(`${STATE_PREFIX}/`, '') : upload.key;
      if (isOwnKey(own)) open.set(upload.id, { store, upload });
    }
  }
  if (open.size === 0) return;
  for await (const { artifacts } of records)
    for (const { upload } of artifacts) if (upload !== undefined) open.delete(upload.id);
  await forEachConcurrently(open.values(), ABORTS, ({ store, upload }) => store.abort(upload.key, upload.id));
}
