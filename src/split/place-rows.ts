/** The file of every row. */
import { FlowDcError } from '../errors.ts';
import type { FilePlan, Piece } from './plan-files.ts';

/** Tells the file of every row, batch after batch in manifest order. */
export type PlaceRows = (groups: Int32Array) => Int32Array;

/**
 * Places rows by their group as planned; of a split group the first rows go to its first piece.
 * The result throws FDC_ERR_MANIFEST_CORRUPT for rows that were not there when the plan was made.
 */
export function placeByGroup({ fileOf, splits }: FilePlan): PlaceRows {
  const at = splits.map(() => ({ piece: 0, rows: 0 }));
  const nextOf = (split: number): number => {
    const place = at[split] as (typeof at)[number];
    const pieces = splits[split] as readonly Piece[];
    if (place.rows === pieces[place.piece]?.rows) Object.assign(place, { piece: place.piece + 1, rows: 0 });
    const piece = pieces[place.piece];
    if (piece === undefined) throw changed();
    place.rows++;
    return piece.file;
  };
  return (groups) => {
    const files = new Int32Array(groups.length);
    for (let row = 0; row < groups.length; row++) {
      const file = fileOf[groups[row] as number];
      if (file === undefined) throw changed();
      files[row] = file >= 0 ? file : nextOf(-1 - file);
    }
    return files;
  };
}

/** Places runs of rows: equal parts in manifest order, the first ones a row longer where it does not come out even. */
export function placeInRuns(rows: number, files: number): PlaceRows {
  const base = Math.floor(rows / files);
  const longer = rows % files;
  let row = 0;
  return (groups) =>
    groups.map(() => {
      const at = row++;
      if (at >= rows) throw changed();
      const inLonger = longer * (base + 1);
      return at < inLonger ? Math.floor(at / (base + 1)) : longer + Math.floor((at - inLonger) / base);
    });
}

function changed(): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_MANIFEST_CORRUPT',
    'the manifest changed between being counted and being split: let nobody write to it, and run the same ' +
      'command again',
  );
}
