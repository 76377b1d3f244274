/** The bytes of a pipe that an earlier run has kept, compared with those that come now: another list is another job. */
import { type FileHandle, open } from 'node:fs/promises';
import { FlowDcError } from '../errors.ts';

const BLOCK_BYTES = 256 * 1024;

/** Compares as bytes come; what goes on where the kept ones end is no difference. */
export class KeptBytes {
  readonly #file: FileHandle;
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  #isOver = false;
  /** Bytes that were the same. */
  #same = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<KeptBytes> {
    return new KeptBytes(await open(path));
  }

  /** FDC_ERR_JOB_MISMATCH at the first byte that is another. */
  async check(chunk: Buffer): Promise<void> {
    for (let from = 0; from < chunk.length && !this.#isOver; ) {
      const wanted = Math.min(BLOCK_BYTES, chunk.length - from);
      const { bytesRead } = await this.#file.read(this.#block, 0, wanted, this.#same);
      if (!this.#block.subarray(0, bytesRead).equals(chunk.subarray(from, from + bytesRead))) throw this.#mismatch();
      this.#isOver = bytesRead === 0;
      this.#same += bytesRead;
      from += bytesRead;
    }
  }

  /** FDC_ERR_JOB_MISMATCH unless these are the kept bytes, all of them. */
  async checkAll(chunks: AsyncIterable<Buffer>): Promise<void> {
    let bytes = 0;
    for await (const chunk of chunks) {
      await this.check(chunk);
      bytes += chunk.length;
    }
    if (bytes !== (await this.#file.stat()).size) throw this.#mismatch();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #mismatch(): FlowDcError {
    return new FlowDcError(
      'FDC_ERR_JOB_MISMATCH',
      `the output belongs to a job with another input: what comes on stdin is not what came before (after ${this.#same} ` +
        'bytes that are the same)',
      { advice: '; pipe the same list, choose another output with -o, or replace it with --overwrite' },
    );
  }
}
