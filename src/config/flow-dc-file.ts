/** Whether a file was written for FLOW-DC, what that changes, and what becomes of its keys. */
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
    return key !== name || CONFIG_KEYS.get(key)?.fdc.option === undefined || ORIGINAL_ONLY.has(key);
  });
}

/** Parameters of the original controller that nobody who does not come from FLOW-DC has a reason to set. */
const ORIGINAL_ONLY: ReadonlySet<string> = new Set(['startup_additive_increase', 'probe_bw_additive_increase']);

/** The two settings that decide which of FLOW-DC's controller parameters act. */
export interface ThetaChoice {
  readonly law?: unknown;
  readonly keep_thetas?: unknown;
}

type Effect = 'used' | 'replaced' | 'no effect';

interface Finding {
  readonly effect: Effect;
  /** Keys with the same reason share a line. */
  readonly why: string;
  readonly name: string;
}

/** Keys of a FLOW-DC file, as written, whose values are left out: this program's controller reads them differently. */
export function setAsideKeys(written: Readonly<Record<string, unknown>>, choice: ThetaChoice): string[] {
  return Object.keys(written).filter((name) => {
    const usedWith = CONFIG_KEYS.get(KEY_OF_SPELLING.get(name) ?? name)?.fdc.flowDc?.usedWith;
    if (usedWith === undefined || choice.law === 'original') return false;
    return usedWith === 'original' || choice.keep_thetas !== true;
  });
}

/**
 * What becomes of every key of a FLOW-DC file, as the lines of one block for people; keys that FLOW-DC does not have
 * are not mentioned. Width up to 100 columns.
 * @param written - the file's keys as written
 * @param told - law and keep_thetas when the command line sets them
 */
export function describeFlowDcKeys(written: Readonly<Record<string, unknown>>, told: ThetaChoice = {}): string[] {
  const choice = { law: told.law ?? written.law, keep_thetas: told.keep_thetas ?? written.keep_thetas };
  const aside = new Set(setAsideKeys(written, choice));
  const findings = Object.keys(written).flatMap((name) => findingOf(name, aside));
  if (findings.length === 0) return [];
  const lines = [`FLOW-DC keys in this file: ${findings.length}`];
  for (const effect of ['used', 'replaced', 'no effect'] as const) {
    for (const [why, names] of grouped(findings.filter((finding) => finding.effect === effect))) {
      lines.push(...wrapped(`  ${effect.padEnd(10)} `, `${names.join(', ')}${why === '' ? '' : ` (${why})`}`));
    }
  }
  return lines;
}

function findingOf(name: string, aside: ReadonlySet<string>): Finding[] {
  const key = KEY_OF_SPELLING.get(name);
  const meta = key === undefined ? undefined : CONFIG_KEYS.get(key)?.fdc;
  if (key === undefined || meta?.flowDc === undefined) return [];
  const shown = key === name ? name : `${name}=${key}`;
  const { effect, why = '', usedWith } = meta.flowDc;
  if (usedWith !== undefined && !aside.has(name)) return [{ effect: 'used', why: '', name: shown }];
  return [{ effect: effect === 'no-effect' ? 'no effect' : effect, why, name: shown }];
}

function grouped(findings: readonly Finding[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { why, name } of findings) groups.set(why, [...(groups.get(why) ?? []), name]);
  // The long list of keys that simply work comes first, remarks after it.
  return new Map([...groups].sort(([a], [b]) => Number(a !== '') - Number(b !== '')));
}

function wrapped(head: string, text: string): string[] {
  const lines: string[] = [];
  let line = head;
  for (const word of text.split(' ')) {
    if (line.length + word.length > 100 && line.trim() !== '' && line !== head) {
      lines.push(line.trimEnd());
      line = ' '.repeat(head.length);
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
