/** The name that somebody most likely meant, among those that there are. */

/** Longer names are nobody's typing, and comparing takes the square of it. */
const MAX_CHARS = 100;

/**
 * The name that somebody most likely meant: least edits, case and `-`/`_` apart, at most a third of its length.
 * Undefined when nothing is near.
 */
export function nearest(given: string, names: Iterable<string>): string | undefined {
  const wanted = plain(given);
  if (wanted.length > MAX_CHARS) return undefined;
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const candidate = plain(name);
    const most = Math.min(bestDistance - 1, Math.max(1, Math.floor(candidate.length / 3)));
    // So many edits it takes at least.
    if (Math.abs(candidate.length - wanted.length) > most) continue;
    const distance = editDistance(wanted, candidate);
    if (distance <= most) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '');
}

/**
 * Insertions, deletions, substitutions and swaps of neighbours (Damerau's restricted form of Levenshtein's distance).
 */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] as number;
}
