/**
 * What stands around the bodies of our own parquet files, in the order in which a file is written: whoever writes one
 * puts a body behind what `body` gives, and never holds more than that one. Pure. See own-marks.ts.
 */
import { END_MARK, markOf } from './own-marks.ts';
import { lengthOf, pageStart } from './pages.ts';
import { fileEnd, type LibraryFile, MAGIC, MEDIA_LEAVES, type PagePlace, pathPage } from './spliced-file.ts';
import type { ThriftStruct } from './thrift.ts';

export class MediaFrame {
  readonly #groups: ReturnType<LibraryFile['group']>[] = [];
  /** Of the row group that is being written. */
  #pages: PagePlace[] = [];
  #foot: ThriftStruct | undefined;
  /** Of the file. */
  #at = 0;

  /** What precedes the next body: a page for each, so that where pages end follows from the samples alone. */
  body(bytes: number): Uint8Array[] {
    const begin = this.#begin();
    const start = [pageStart(1, 4 + bytes), lengthOf(bytes)];
    const size = sizeOf(start) + bytes;
    this.#pages.push({ offset: this.#at, bytes: size, firstRow: this.#pages.length });
    this.#at += size;
    return [...begin, ...start];
  }

  /**
   * What follows the bodies of a row group.
   * @param library - the row group as the library writes it, with empty bodies
   */
  group(library: LibraryFile, paths: readonly string[]): Uint8Array[] {
    const [mark, page] = [markOf(paths.length), pathPage(paths)];
    const place = { offset: this.#at + mark.length, bytes: page.length, firstRow: 0 };
    const own = [this.#pages, [place]].map((pages) => ({ pages, values: paths.length }));
    const { from, bytes } = library.region(MEDIA_LEAVES);
    const head = [mark, page, markOf(bytes.length)];
    this.#at += sizeOf(head);
    this.#groups.push(library.group(own, this.#at - from));
    this.#at += bytes.length;
    this.#foot ??= library.foot;
    this.#pages = [];
    return [...head, bytes];
  }

  /** What follows the last row group. @param foot - of a file without any */
  end(foot: () => ThriftStruct): Uint8Array[] {
    const head = [...this.#begin(), END_MARK];
    this.#at += END_MARK.length;
    return [...head, fileEnd(this.#foot ?? foot(), this.#groups, this.#at)];
  }

  #begin(): Uint8Array[] {
    if (this.#at > 0) return [];
    this.#at = MAGIC.length;
    return [MAGIC];
  }
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
