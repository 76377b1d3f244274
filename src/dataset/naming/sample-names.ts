/** The names of a unit, unique, the same whatever order rows finish in. */
import type { UnitRow } from '../../record.ts';
import type { Publish } from '../published.ts';
import type { NameTemplate } from './name-template.ts';
import { fitBytes, labelFolder, MAX_PART_BYTES, safeKey, safePart } from './safe-name.ts';

export interface NamingRules {
  /** In parquet files names are as in a webdataset: paths that nobody unpacks. */
  readonly layout: 'webdataset' | 'imagefolder' | 'parquet';
  /** Render names from URLs; the sample key where absent, or where a URL lacks what the template names. */
  readonly template?: NameTemplate | undefined;
  readonly nullLabel: string;
  /** Append shard and position to names that a URL or a key column gave, because other shards share the folder. */
  readonly appendPosition: boolean;
  /** Names are read by others: without what the dataset does not publish. Default: as they are. */
  readonly publish?: Publish | undefined;
}

/** The name field of a tar header; some readers look at nothing else. */
const MAX_TAR_NAME_BYTES = 100;
/** A dot and the longest extension that safeExtension gives. */
const EXTENSION_BYTES = 11;

/**
 * The path of every row of a unit without its extension: `key` in webdataset, `label/name` in imagefolder. Safe to
 * join, unique within the unit, and the same whatever order the rows finish in.
 */
export function sampleNames(rows: readonly UnitRow[], shard: string, rules: NamingRules): string[] {
  const taken = new Set<string>();
  const nextSuffix = new Map<string, number>();
  const fitted = fitterOf(rules);
  const publish = rules.publish ?? ((text) => text);
  return rows.map((row) => {
    const label = row.label === null ? null : publish(row.label);
    const folder = rules.layout !== 'imagefolder' ? '' : `${labelFolder(label, rules.nullLabel)}/`;
    const key = publish(row.key);
    const base = rules.template?.(publish(row.url), key) ?? key;
    const position = positionKey(shard, row.index);
    const suffix = rules.appendPosition && base !== position ? `_${position}` : '';
    let name = fitted(base, suffix);
    // Case is ignored: such names would be one file on macOS and Windows.
    for (let n = nextSuffix.get(folder + name) ?? 2; taken.has((folder + name).toLowerCase()); n += 1) {
      nextSuffix.set(folder + fitted(base, suffix), n + 1);
      name = fitted(base, `${suffix}~${n}`);
    }
    taken.add((folder + name).toLowerCase());
    return folder + name;
  });
}

/** 6-digit shard and 4-digit position: what a sample is called when nothing else names it. */
export function positionKey(shard: string, index: number): string {
  return `${shard}${String(index).padStart(4, '0')}`;
}

function fitterOf(rules: NamingRules): (base: string, suffix: string) => string {
  if (rules.layout !== 'imagefolder')
    return (base, suffix) => safeKey(base, MAX_TAR_NAME_BYTES - EXTENSION_BYTES - suffix.length) + suffix;
  return (base, suffix) => fitBytes(safePart(base), MAX_PART_BYTES - EXTENSION_BYTES - suffix.length) + suffix;
}
