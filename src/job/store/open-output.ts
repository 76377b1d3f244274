/** The store of an output, opened as a configuration says that it is reached. */
import type { ResolvedConfig } from '../../config/types.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { openObjectStore } from '../../store/s3/open-object-store.ts';
import { DEFAULT_BUFFER_BYTES, type S3Settings } from '../../store/s3/settings.ts';

/** Parts on their way take so much of what bodies in memory may have, at most. Chosen. */
const SHARE = 1 / 4;
/** With fewer, nothing is sent while the next part is filled. */
const LEAST_PARTS = 2;

/**
 * @param output - `s3://bucket/prefix` or `gs://bucket/prefix`
 * Errors: FDC_ERR_CONFIG_INVALID, FDC_ERR_DEST_UNWRITABLE for a profile that is not there.
 */
export function openOutputStore(
  output: string,
  { store, fetch }: Pick<ResolvedConfig, 'store' | 'fetch'>,
  around: Pick<S3Settings, 'clock' | 'onNotice' | 'onWait'> = {},
): Promise<ObjectStore> {
  const share = Math.floor(fetch.bodyMemoryBytes * SHARE);
  const bufferBytes = Math.max(LEAST_PARTS * store.partBytes, Math.min(DEFAULT_BUFFER_BYTES, share));
  return openObjectStore(output, { ...store, ...around, bufferBytes });
}
