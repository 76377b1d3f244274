/** A window to units of at most shard_size rows, in publish order. */
import type { Window } from './window.ts';

/**
 * How many part-filled units stay open for more hosts while the rest is packed. Bounds the search for a place;
 * chosen, untested: with 32 open units the ones that are given up have little room left.
 */
const OPEN_BINS = 32;

/** Window positions of one unit, ascending, with where in its group's (or the rest's) sequence it belongs: 0 to 1. */
interface Cut {
  readonly positions: number[];
  readonly place: number;
}

/**
 * Cut a window into units of at most
 * `shardSize` rows, in publish order. A group (a host, or a domain's hosts) with at least `shardSize` rows gets full
 * units of its own; what remains of it and all smaller groups are packed whole, by first appearance, into shared ones.
 * Units are ordered by their relative position within their group, so that groups alternate. Depends on nothing but the
 * window's rows.
 */
export function cutWindow(window: Window, shardSize: number): number[][] {
  const byGroup: number[][] = Array.from({ length: window.groups }, () => []);
  for (let at = 0; at < window.rows; at++) {
    const group = window.groupOf[window.hostOf[at] as number] as number;
    (byGroup[group] as number[]).push(at);
  }
  const cuts: Cut[] = [];
  const rest: number[][] = [];
  for (const positions of byGroup) {
    const own = Math.floor(positions.length / shardSize);
    for (let i = 0; i < own; i++)
      cuts.push({ positions: positions.slice(i * shardSize, (i + 1) * shardSize), place: (i + 0.5) / own });
    if (positions.length > own * shardSize) rest.push(positions.slice(own * shardSize));
  }
  const packed = packWhole(rest, shardSize);
  packed.forEach((positions, i) => {
    cuts.push({ positions, place: (i + 0.5) / packed.length });
  });
  // Array.prototype.sort is stable: groups with equal places stay in order of appearance.
  return cuts.sort((a, b) => a.place - b.place).map((cut) => cut.positions);
}

/** First fit among the open bins; positions within a bin come out ascending. */
function packWhole(groups: readonly number[][], shardSize: number): number[][] {
  const bins: number[][][] = [];
  let open: { room: number; groups: number[][] }[] = [];
  for (const group of groups) {
    let bin = open.find(({ room }) => room >= group.length);
    if (bin === undefined) {
      bin = { room: shardSize, groups: [] };
      bins.push(bin.groups);
      open.push(bin);
      if (open.length > OPEN_BINS) open.splice(fullest(open), 1);
    }
    bin.groups.push(group);
    bin.room -= group.length;
    if (bin.room === 0) open = open.filter((other) => other !== bin);
  }
  return bins.map((parts) => parts.flat().sort((a, b) => a - b));
}

function fullest(open: readonly { room: number }[]): number {
  let index = 0;
  open.forEach((bin, i) => {
    // The newest bin was opened for a group that fits nowhere else.
    if (i < open.length - 1 && bin.room < (open[index] as { room: number }).room) index = i;
  });
  return index;
}
