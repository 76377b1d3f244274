/** A parquet shard without some of its samples: the bodies that stay pass through, what is said of them is written again. */
import { takeRows } from '../../arrow/take.ts';
import { MediaFrame } from '../../parquet/media-frame.ts';
import { type MediaGroup, mediaGroups } from '../../parquet/media-groups.ts';
import { scanMedia } from '../../parquet/scan.ts';
import { LibraryFile } from '../../parquet/spliced-file.ts';
import { decodeParquet, encodeParquet } from '../parquet-file.ts';

/**
 * Memory: see mediaGroups.
 * @param open - reads the file, twice; of the right bytes
 * @param isGone - by a sample's path. Throws RangeError or TypeError for what is none of our files.
 */
export async function* thinnedParquet(
  open: () => AsyncIterable<Uint8Array>,
  isGone: (path: string) => boolean,
): AsyncGenerator<Uint8Array> {
  const { groups, foot } = await mediaGroups(open());
  const frame = new MediaFrame();
  let [group, row]: [number, number] = [0, 0];
  let chunks: Uint8Array[] = [];
  const scan = scanMedia(open(), {
    body: (bytes) => {
      if (isGone(groups[group]?.paths[row] as string)) return undefined;
      chunks.push(...frame.body(bytes));
      return (piece) => void chunks.push(piece);
    },
    bodyEnd: () => {
      row += 1;
    },
    paths: (paths) => {
      const staying = [...paths.keys()].filter((at) => !isGone(paths[at] as string));
      const thinned = staying.map((at) => paths[at] as string);
      if (staying.length > 0) chunks.push(...frame.group(withRows(groups[group] as MediaGroup, staying), thinned));
      [group, row] = [group + 1, 0];
    },
  });
  for await (const _ of scan) {
    yield* chunks;
    chunks = [];
  }
  yield* frame.end(() => foot);
}

function withRows({ file }: MediaGroup, rows: readonly number[]): LibraryFile {
  const batches = decodeParquet(file);
  const starts = batches.map((_, at) => batches.slice(0, at).reduce((sum, { numRows }) => sum + numRows, 0));
  const batchOf = (row: number): number => starts.findLastIndex((start) => start <= row);
  const picks = rows.map(batchOf);
  const taken = takeRows(batches, {
    batches: picks,
    rows: rows.map((row, at) => row - (starts[picks[at] as number] as number)),
  });
  return new LibraryFile(encodeParquet(taken, taken.schema.metadata));
}
