/** Our own parquet file taken apart without its bodies: what else it says of the rows of each row group. */
import { scanMedia } from './scan.ts';
import { footOf, withoutBodies } from './spliced-file.ts';
import type { ThriftStruct } from './thrift.ts';

/** One row group. */
export interface MediaGroup {
  /** Of its bodies, in their order. */
  readonly paths: readonly string[];
  /** The same rows as a parquet file that any library reads, with empty bodies. */
  readonly file: Uint8Array;
}

/**
 * Memory: all columns but that of the bodies, as they are packed.
 * Throws RangeError or TypeError for what is none of ours, or is cut.
 */
export async function mediaGroups(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly groups: readonly MediaGroup[]; readonly foot: ThriftStruct }> {
  const found: { readonly paths: readonly string[]; readonly others: Uint8Array[] }[] = [];
  const end: Uint8Array[] = [];
  const scan = scanMedia(chunks, {
    body: () => undefined,
    bodyEnd: () => {},
    paths: (paths) => void found.push({ paths, others: [] }),
    others: (piece) => void found.at(-1)?.others.push(piece),
    end: (piece) => void end.push(piece),
  });
  for await (const _ of scan);
  const foot = footOf(Buffer.concat(end));
  const groups = found.map(({ paths, others }, at) => ({
    paths,
    file: withoutBodies(foot, at, paths, Buffer.concat(others)),
  }));
  return { groups, foot };
}

/**
 * Bodies of a file one by one, those whose path `isWanted`. Memory: one body, and that of mediaGroups.
 * @param open - reads the file, twice: paths stand behind bodies
 * Throws as mediaGroups does.
 */
export async function* mediaBodies(
  open: () => AsyncIterable<Uint8Array>,
  isWanted: (path: string) => boolean,
): AsyncGenerator<{ readonly path: string; readonly body: Buffer }> {
  const paths = (await mediaGroups(open())).groups.flatMap((group) => group.paths);
  let pieces: Uint8Array[] = [];
  let [begun, ended]: [number, number] = [-1, -1];
  const scan = scanMedia(open(), {
    body: () => {
      begun += 1;
      pieces = [];
      return isWanted(paths[begun] as string) ? (piece) => void pieces.push(piece) : undefined;
    },
    bodyEnd: () => {
      ended += 1;
    },
    paths: () => {},
  });
  let told = -1;
  for await (const _ of scan) {
    if (ended === told) continue;
    told = ended;
    const path = paths[told] as string;
    if (isWanted(path)) yield { path, body: Buffer.concat(pieces) };
  }
}
