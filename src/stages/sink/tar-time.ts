/** The times that entries of an archive have. */
import { DEFAULT_MTIME as DEFAULT_TEXT } from '../../config/schema/sink.ts';
import type { FetchResult } from '../../record.ts';

export const DEFAULT_MTIME = Number(DEFAULT_TEXT);
/** What every reader takes. */
const MAX_MTIME = 0x7f_ff_ff_ff;

/** Seconds since 1970 of the entries of one sample. */
export type SampleTime = (result: Pick<FetchResult, 'lastModified'>) => number;

/** @param mtime - seconds since 1970 in digits, or `last-modified` for what the reply says, where it says something */
export function sampleTime(mtime: string): SampleTime {
  if (mtime === 'last-modified') return lastModified;
  const seconds = Number(mtime);
  return () => seconds;
}

function lastModified({ lastModified }: Pick<FetchResult, 'lastModified'>): number {
  const seconds = Math.floor(Date.parse(lastModified ?? '') / 1000);
  return seconds >= 0 && seconds <= MAX_MTIME ? seconds : DEFAULT_MTIME;
}
