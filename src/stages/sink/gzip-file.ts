/** A .tar.gz as one gzip stream (RFC 1952) in which bodies that are compressed already are stored as they are. */
import { constants, crc32, deflateRaw } from 'node:zlib';
import type { StagedFile } from '../../destination/destination.ts';
import type { Artifact } from '../../record.ts';

/** Where a tar archive's bytes go. */
export interface TarOutput {
  /**
   * Append; resolves when the destination wants more.
   * @param packed - for every chunk, whether compressing it again would be for nothing
   */
  write(chunks: readonly Uint8Array[], packed: readonly boolean[]): Promise<void>;
  /** Where chunks end shows in the bytes that come out, so that has to follow from the samples alone. */
  readonly isCutByContent?: boolean | undefined;
  close(): Promise<Artifact>;
}

/** The same without compression. */
export function plainOutput(file: StagedFile): TarOutput {
  return { write: (chunks) => file.write(chunks), close: () => file.close() };
}

/** No time, no name, unknown system: the same samples make the same file. */
const HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
/** The longest stored block of deflate (RFC 1951, 3.2.4). */
const MAX_STORED = 65_535;
const LAST_BLOCK = Buffer.from([1, 0, 0, 0xff, 0xff]);

/** Types whose bytes do not get smaller, by the first word of their media type. */
const PACKED_TYPES = /^(image\/(jpeg|png|gif|webp|avif|heic|heif|jxl)|video\/|audio\/|application\/(zip|gzip|x-7z))/;

/** Whether a body of this type is stored as it is: deflate takes 25 ms per MB and leaves it as long as it was. */
export function isPacked(contentType: string | undefined): boolean {
  return contentType !== undefined && PACKED_TYPES.test(contentType) && !contentType.endsWith('bmp');
}

export class GzipOutput implements TarOutput {
  readonly isCutByContent: boolean;
  readonly #file: StagedFile;
  #crc = 0;
  #bytes = 0;
  #isBegun = false;

  /** @param isCutByContent - the same samples make the same bytes; without it whatever was written can be read at once */
  constructor(file: StagedFile, isCutByContent = true) {
    this.#file = file;
    this.isCutByContent = isCutByContent;
  }

  async write(chunks: readonly Uint8Array[], packed: readonly boolean[]): Promise<void> {
    const blocks: (Uint8Array | Promise<Uint8Array>)[] = this.#begin();
    chunks.forEach((chunk, index) => {
      if (chunk.byteLength === 0) return;
      this.#crc = crc32(chunk, this.#crc);
      this.#bytes += chunk.byteLength;
      if (packed[index] === true) pushStored(blocks, chunk);
      else blocks.push(deflated(chunk));
    });
    await this.#file.write(await Promise.all(blocks));
  }

  async close(): Promise<Artifact> {
    const tail = Buffer.alloc(8);
    tail.writeUInt32LE(this.#crc, 0);
    tail.writeUInt32LE(this.#bytes % 2 ** 32, 4);
    await this.#file.write([...this.#begin(), LAST_BLOCK, tail]);
    return this.#file.close();
  }

  #begin(): Uint8Array[] {
    if (this.#isBegun) return [];
    this.#isBegun = true;
    return [HEAD];
  }
}

function pushStored(blocks: (Uint8Array | Promise<Uint8Array>)[], chunk: Uint8Array): void {
  for (let at = 0; at < chunk.byteLength; at += MAX_STORED) {
    const part = chunk.subarray(at, at + MAX_STORED);
    const head = Buffer.alloc(5);
    head.writeUInt16LE(part.byteLength, 1);
    head.writeUInt16LE(~part.byteLength & 0xffff, 3);
    blocks.push(head, part);
  }
}

/** Blocks that end on a byte and are not the last ones, on a thread of the pool. */
function deflated(chunk: Uint8Array): Promise<Uint8Array> {
  const options = { level: 6, finishFlush: constants.Z_SYNC_FLUSH };
  return new Promise((resolve, reject) => {
    deflateRaw(chunk, options, (error, result) => (error ? reject(error) : resolve(result)));
  });
}
