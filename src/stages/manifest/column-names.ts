/** Header cells as column names. Pure. */

/**
 * Empty ones are numbered, repeated ones get a suffix.
 * @param onRepeat - told of each of them, and what its column is called
 */
export function columnNames(
  cells: readonly string[],
  onRepeat: (name: string, own: string) => void = () => {},
): string[] {
  const names = new Set<string>();
  /** By name: the number that was free last, so that thousands of the same name take no longer than others. */
  const numbers = new Map<string, number>();
  cells.forEach((cell, i) => {
    const wanted = cell.trim() || `column_${i + 1}`;
    let name = wanted;
    let n = numbers.get(wanted) ?? 1;
    while (names.has(name)) name = `${wanted}_${++n}`;
    numbers.set(wanted, n);
    if (name !== wanted) onRepeat(wanted, name);
    names.add(name);
  });
  return [...names];
}
