/** The extension that a stored sample has. Pure. */
import type { FetchResult } from '../../record.ts';
import { safeExtension } from './safe-name.ts';

/** Images: `common` types as jpg and all others as they are, all of them as jpg, or all as they are. */
export type ImageName = 'common' | 'jpg' | 'content';

/** What every loader decodes, whatever it is called. */
const COMMON: ReadonlySet<string> = new Set(['jpg', 'png', 'webp']);

/** Without dot. */
export function sampleExtension(
  { contentType, extension }: Pick<FetchResult, 'contentType' | 'extension'>,
  images: ImageName,
): string {
  const own = safeExtension(extension);
  if (images === 'content' || contentType?.startsWith('image/') !== true) return own;
  return images === 'jpg' || COMMON.has(own) ? 'jpg' : own;
}
