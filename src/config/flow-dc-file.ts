/** Whether a file was written for FLOW-DC, and what that changes. */
import { CONFIG_KEYS, KEY_OF_SPELLING } from './schema.ts';

/**
 * Whether a file was written for FLOW-DC: it has a key that only FLOW-DC's files have, which is one of its other
 * spellings (`timeout`, `url_col`, ...) or a key that acts differently or not at all here (`task_cores`,
 * `efficiency_window`, ...). The thresholds of PAARC do not count: a file of this program may well set them.
 * A file of this program that uses such a spelling is taken for FLOW-DC's too; what follows from it is always said.
 */
export function isFlowDcFile(written: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(written).some((name) => {
    const key = KEY_OF_SPELLING.get(name);
    if (key === undefined) return false;
    return key !== name || CONFIG_KEYS.get(key)?.fdc.slice === undefined || ORIGINAL_ONLY.has(key);
  });
}

/** Parameters of the law original that nobody who does not come from FLOW-DC has a reason to set. */
const ORIGINAL_ONLY: ReadonlySet<string> = new Set([
  'startup_additive_increase',
  'probe_bw_additive_increase',
  'efficiency_threshold',
  'efficiency_window',
]);

/** The two settings that decide which of FLOW-DC's controller parameters act. */
export interface ThetaChoice {
  readonly law?: unknown;
  readonly keep_thetas?: unknown;
}

/** Keys of a FLOW-DC file, as written, whose values are left out because this program's law reads them differently. */
export function setAsideKeys(written: Readonly<Record<string, unknown>>, choice: ThetaChoice): string[] {
  return Object.keys(written).filter((name) => {
    const usedWith = CONFIG_KEYS.get(KEY_OF_SPELLING.get(name) ?? name)?.fdc.flowDc?.usedWith;
    if (usedWith === undefined || choice.law === 'original') return false;
    return usedWith === 'original' || choice.keep_thetas !== true;
  });
}
