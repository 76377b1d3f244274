/** The store of an output, opened as a configuration says that it is reached. */
import type { ResolvedConfig } from '../../config/types.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { openObjectStore } from '../../store/s3/open-object-store.ts';
import type { S3Settings } from '../../store/s3/settings.ts';

/**
 * @param output - `s3://bucket/prefix` or `gs://bucket/prefix`
 * Errors: FDC_ERR_CONFIG_INVALID, FDC_ERR_DEST_UNWRITABLE for a profile that is not there.
 */
export function openOutputStore(
  output: string,
  _config: ResolvedConfig,
  around: Pick<S3Settings, 'clock' | 'onNotice'> = {},
): Promise<ObjectStore> {
  return openObjectStore(output, around);
}
