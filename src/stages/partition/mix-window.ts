/** A window to units in which its hosts are mixed: which rows each of them gets, and in which order. */

/**
 * Deal a window's rows out in a random order, as many to each unit as to the others, one more at most. Depends on the
 * number of rows and the random numbers alone.
 * @returns by unit: window positions
 */
export function mixRows(rows: number, shardSize: number, random: () => number): Int32Array[] {
  const order = Int32Array.from({ length: rows }, (_, at) => at);
  for (let at = rows - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    const row = order[at] as number;
    order[at] = order[other] as number;
    order[other] = row;
  }
  const units = Math.ceil(rows / shardSize);
  const startOf = (unit: number): number => Math.floor((unit * rows) / units);
  return Array.from({ length: units }, (_, unit) => order.subarray(startOf(unit), startOf(unit + 1)));
}
