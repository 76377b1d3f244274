/** Hosts to strata, each with its part of the sample. */
import { ROWS_PER_GROUP, type SampledGroup, type SampleRow } from './row-sampler.ts';

/** Rows that are estimated together, and those of them that are asked for. */
export interface Stratum {
  /** Absent for hosts with few rows, taken together. */
  readonly host?: string | undefined;
  readonly rows: number;
  readonly hosts: number;
  /** A simple random sample of the rows. */
  readonly sample: readonly SampleRow[];
}

/**
 * A host whose share of the sample is this large is a stratum by itself. Chosen: below, its variance is mostly noise.
 */
const OWN_ROWS = 4;
/** Smaller ones are put together, neighbours by size, until their share is this large. */
const TOGETHER_ROWS = 12;

/**
 * Strata with their samples, in proportion to their rows, at least 2 each where there are as many (Cochran, Sampling
 * Techniques, 3rd ed., 5.5: proportional allocation needs to know nothing of sizes in advance, and is never far worse
 * than the best).
 * @param groups - most rows first
 * @param limit - the place up to which they are complete
 */
export function makeStrata(groups: readonly SampledGroup[], sampleRows: number, limit: number): Stratum[] {
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  const shareOf = (own: number): number => (own * sampleRows) / rows;
  const large = groups.filter((group) => group.host !== undefined && shareOf(group.rows) >= OWN_ROWS);
  const small = groups.filter((group) => group.host === undefined || shareOf(group.rows) < OWN_ROWS);
  const parts: SampledGroup[][] = [];
  let open: SampledGroup[] = [];
  for (const group of small) {
    open.push(group);
    if (shareOf(rowsOf(open)) < TOGETHER_ROWS) continue;
    parts.push(open);
    open = [];
  }
  // A rest that is too small goes with the last ones before it.
  if (open.length > 0) parts.push([...(parts.pop() ?? []), ...open]);
  return [...large.map((group) => [group]), ...parts].map((members) =>
    stratumOf(members, shareOf(rowsOf(members)), limit),
  );
}

function stratumOf(members: readonly SampledGroup[], share: number, limit: number): Stratum {
  const rows = rowsOf(members);
  const wanted = Math.min(rows, Math.max(2, Math.round(share)));
  const host = members.length === 1 ? members[0]?.host : undefined;
  return { host, rows, hosts: members.length, sample: lowestOf(members, wanted, limit) };
}

/**
 * The first rows of the union in random order: a simple random sample. Above the limit one may be missing, but for the
 * two lowest.
 */
function lowestOf(members: readonly SampledGroup[], count: number, limit: number): SampleRow[] {
  const all = members.flatMap(({ lowest }) => lowest).sort((a, b) => a.place - b.place);
  return all.slice(0, count).filter(({ place }, at) => place <= limit || at < ROWS_PER_GROUP);
}

function rowsOf(groups: readonly SampledGroup[]): number {
  return groups.reduce((sum, group) => sum + group.rows, 0);
}
