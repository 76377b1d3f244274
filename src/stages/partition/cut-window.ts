/** A window to units of at most shard_size rows, in publish order: which rows each of them gets. */
import type { Window } from './window.ts';

/**
 * How many part-filled units stay open for more hosts while the rest is packed. Bounds the search for a place;
 * chosen, untested: with 32 open units the ones that are given up have little room left.
 */
const OPEN_BINS = 32;

/** Which unit every row of a window goes to; units are numbered in publish order. */
export interface WindowCut {
  /** By window position. */
  readonly unitOf: Int32Array;
  /** Rows by unit. */
  readonly rows: Int32Array;
}

/**
 * Cut a window into units of at most
 * `shardSize` rows, in publish order. A group (a host, or a domain's hosts) with at least `shardSize` rows gets full
 * units of its own; what remains of it and all smaller groups are packed whole, by first appearance, into shared ones.
 * Units are ordered by their relative position within their group (or among the shared ones), so that groups alternate.
 * Depends on nothing but the window's rows.
 */
export function cutWindow(window: Window, shardSize: number): WindowCut {
  const groupRows = new Int32Array(window.groups);
  forEachGroup(window, (group) => {
    groupRows[group] = (groupRows[group] as number) + 1;
  });
  // Units as they are found: those of one group alone, group after group, then the shared ones.
  const places: number[] = [];
  const firstOwn = Int32Array.from(groupRows, (rows) => {
    const first = places.length;
    const own = Math.floor(rows / shardSize);
    for (let i = 0; i < own; i++) places.push((i + 0.5) / own);
    return first;
  });
  const firstShared = places.length;
  const { binOf, bins } = packWhole(
    groupRows.map((rows) => rows % shardSize),
    shardSize,
  );
  for (let i = 0; i < bins; i++) places.push((i + 0.5) / bins);
  const published = ranks(places);
  const unitOf = new Int32Array(window.rows);
  const rows = new Int32Array(places.length);
  const left = groupRows.slice();
  forEachGroup(window, (group, at) => {
    const seen = (groupRows[group] as number) - (left[group] as number);
    // A group's last rows, when they are not enough for a unit of their own, are shared.
    const isShared = (left[group] as number) <= (groupRows[group] as number) % shardSize;
    const found = isShared
      ? firstShared + (binOf[group] as number)
      : (firstOwn[group] as number) + Math.floor(seen / shardSize);
    left[group] = (left[group] as number) - 1;
    const unit = published[found] as number;
    unitOf[at] = unit;
    rows[unit] = (rows[unit] as number) + 1;
  });
  return { unitOf, rows };
}

function forEachGroup({ rows, hostOf, groupOf }: Window, visit: (group: number, at: number) => void): void {
  for (let at = 0; at < rows; at++) visit(groupOf[hostOf[at] as number] as number, at);
}

/** First fit among the open bins; groups without rows get none. */
function packWhole(groupRows: Int32Array, shardSize: number): { readonly binOf: Int32Array; readonly bins: number } {
  const binOf = new Int32Array(groupRows.length);
  let bins = 0;
  let open: { room: number; readonly number: number }[] = [];
  for (const [group, rows] of groupRows.entries()) {
    if (rows === 0) continue;
    let bin = open.find(({ room }) => room >= rows);
    if (bin === undefined) {
      bin = { room: shardSize, number: bins++ };
      open.push(bin);
      if (open.length > OPEN_BINS) open.splice(fullest(open), 1);
    }
    binOf[group] = bin.number;
    bin.room -= rows;
    if (bin.room === 0) open = open.filter((other) => other !== bin);
  }
  return { binOf, bins };
}

function fullest(open: readonly { readonly room: number }[]): number {
  let index = 0;
  open.forEach((bin, i) => {
    // The newest bin was opened for a group that fits nowhere else.
    if (i < open.length - 1 && bin.room < (open[index] as { room: number }).room) index = i;
  });
  return index;
}

/** Where each would be if they were sorted; equal ones stay in order. */
function ranks(places: readonly number[]): Int32Array {
  const sorted = [...places.keys()].sort((a, b) => (places[a] as number) - (places[b] as number));
  const ranks = new Int32Array(places.length);
  for (const [rank, found] of sorted.entries()) ranks[found] = rank;
  return ranks;
}
