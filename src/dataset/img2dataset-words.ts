/** Names and words of datasets that img2dataset writes, for those who read what it wrote. Pure. */
import { STATUS_CODES } from 'node:http';
import { ROW_CODES, type RowCode } from '../row-codes.ts';

/** The columns that it puts behind the manifest's own, in their order; URL and caption stand before them. */
export const IMG2DATASET_COLUMNS = [
  ...['key', 'status', 'error_message', 'width', 'height', 'original_width', 'original_height', 'exif', 'sha256'],
] as const;

/** What we know besides is in columns that begin so. */
export const OWN_PREFIX = 'flow_dc_';

/** `00012` of `000012`. */
export function img2datasetShard(shard: string): string {
  return String(Number(shard)).padStart(5, '0');
}

/** `000120003`: shard and position. */
export function img2datasetKey(shard: string, index: number): string {
  return `${img2datasetShard(shard)}${String(index).padStart(4, '0')}`;
}

/** What it says of a picture without EXIF tags. None are read here, so it says so of all. */
export const NO_EXIF = '{}';

/** Codes of bodies that came, and are no image that can be decoded or is wanted. */
const NOT_DECODED: ReadonlySet<string> = new Set(['not_media', 'not_whole', 'type_not_wanted', 'empty_body']);

/** Its word for how a row ended. */
export function img2datasetStatus(code: string | undefined): 'success' | 'failed_to_download' | 'failed_to_resize' {
  if (code === undefined) return 'success';
  return NOT_DECODED.has(code) ? 'failed_to_resize' : 'failed_to_download';
}

/** Its message where it has one of its own, else ours, the same for all rows of a code. */
export function img2datasetMessage(code: string): string {
  const status = /^http_(\d{3})$/.exec(code)?.[1];
  if (status !== undefined) return `HTTP Error ${status}: ${STATUS_CODES[status] ?? ''}`;
  if (NOT_DECODED.has(code)) return 'Image decoding error';
  if (code === 'robots_tag') return 'Use of image disallowed by X-Robots-Tag directive';
  return Object.hasOwn(ROW_CODES, code) ? ROW_CODES[code as keyof typeof ROW_CODES & RowCode].text : code;
}
