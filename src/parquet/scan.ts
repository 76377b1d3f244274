/** Reads the media of our own parquet files from front to end, one piece at a time, and what they are called. */
import { MARK_BYTES, readMark } from './own-marks.ts';
import { type PageHead, readPageHead } from './pages.ts';
import { MAGIC } from './spliced-file.ts';

/** Most that the head and the levels of a page take: ours are below 100 bytes. */
const HEAD_BYTES = 256;

/** Takes what is found, in its order; a row group's paths follow its bodies. */
export interface ScanTarget {
  /** The next body begins. @returns takes its bytes in pieces; undefined to pass over them */
  body(bytes: number): ((piece: Uint8Array) => void) | undefined;
  /** The body is whole. */
  bodyEnd(): void;
  /** The paths of the bodies since the last ones, in their order. */
  paths(paths: readonly string[]): void;
  /** What else is known of the rows whose paths came last, as it lies in the file, in pieces. */
  others?(piece: Uint8Array): void;
  /** What follows the last row group, in pieces. */
  end?(piece: Uint8Array): void;
}

/**
 * Read a file to its end, telling `target` of what is in it between the pieces.
 * Throws RangeError or TypeError for what is none of ours, or is cut; what came before was told.
 */
export async function* scanMedia(chunks: AsyncIterable<Uint8Array>, target: ScanTarget): AsyncGenerator<void> {
  const source = new ByteSource(chunks);
  if (!(await source.take(MAGIC.length)).equals(MAGIC)) throw new TypeError('expected a parquet file');
  for (;;) {
    const mark = readMark(await source.peek(MARK_BYTES));
    if (mark === 'end') break;
    if (mark === undefined) yield* scanBodies(source, await pageOf(source), target);
    else {
      await source.take(MARK_BYTES);
      const others = await scanPaths(source, mark, target);
      yield* source.pass(others, (piece) => target.others?.(piece));
      yield;
    }
  }
  await source.drain((piece) => target.end?.(piece));
}

async function pageOf(source: ByteSource): Promise<PageHead> {
  const { head, end } = readPageHead(await source.peek(HEAD_BYTES));
  await source.take(end);
  const levels = (await source.take(4)).readUInt32LE();
  await source.take(levels);
  return head;
}

async function* scanBodies(source: ByteSource, { values }: PageHead, target: ScanTarget): AsyncGenerator<void> {
  for (let i = 0; i < values; i++) {
    const bytes = (await source.take(4)).readUInt32LE();
    yield* source.pass(bytes, target.body(bytes));
    target.bodyEnd();
    yield;
  }
}

/** @returns how many bytes the other columns take that follow */
async function scanPaths(source: ByteSource, rows: number, target: ScanTarget): Promise<number> {
  const { values } = await pageOf(source);
  if (values !== rows) throw new TypeError(`expected the paths of ${rows} rows, got ${values}`);
  const paths: string[] = [];
  for (let i = 0; i < values; i++) paths.push((await source.take((await source.take(4)).readUInt32LE())).toString());
  target.paths(paths);
  const others = readMark(await source.take(MARK_BYTES));
  if (typeof others !== 'number') throw new TypeError('expected the length of the other columns');
  return others;
}

/** Bytes by number out of chunks as they come. */
class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next bytes, fewer at the end; they stay. */
  async peek(bytes: number): Promise<Buffer> {
    while (this.#held.length < bytes && (await this.#more()));
    return this.#held.subarray(0, bytes);
  }

  async take(bytes: number): Promise<Buffer> {
    const taken = await this.peek(bytes);
    if (taken.length < bytes) throw new RangeError(`expected ${bytes} bytes more, got ${taken.length}`);
    this.#held = this.#held.subarray(bytes);
    return taken;
  }

  async *pass(bytes: number, onPiece: ((piece: Uint8Array) => void) | undefined): AsyncGenerator<void> {
    let rest = bytes;
    while (rest > 0) {
      if (this.#held.length === 0 && !(await this.#more())) throw new RangeError(`expected ${rest} bytes more`);
      const piece = this.#held.subarray(0, rest);
      onPiece?.(piece);
      this.#held = this.#held.subarray(piece.length);
      rest -= piece.length;
      if (rest > 0) yield;
    }
  }

  async drain(onPiece: (piece: Uint8Array) => void): Promise<void> {
    do {
      onPiece(this.#held);
      this.#held = Buffer.alloc(0);
    } while (await this.#more());
  }

  async #more(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done === true) return false;
    const { buffer, byteOffset, byteLength } = next.value;
    const chunk = Buffer.from(buffer, byteOffset, byteLength);
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    return true;
  }
}
