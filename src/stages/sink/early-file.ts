/** Bodies of one unit whose turn has not come and that memory has no room for: one file, without a name. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unwritten } from '../../destination/hashed-file.ts';
import { patiently } from '../../open-files.ts';

/** Read ahead where bodies are taken in the order in which they lie: a read for each would cost more than its bytes. */
const AHEAD_BYTES = 1024 * 1024;

/** A body that is in the file. */
export interface LentBody {
  readonly bytes: number;
  /** One call at a time for all bodies of a file. */
  read(): Promise<Uint8Array>;
}

export class EarlyFile {
  readonly #folder: string;
  #handle: FileHandle | undefined;
  #end = 0;
  /** What was read last, and where in the file it begins. */
  #window: Uint8Array = Buffer.alloc(0);
  #windowAt = 0;
  /** Where the body that was read last ends. */
  #lastEnd = -1;

  /** @param folder - made when it is needed. Nothing is left in it, however the process ends. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Write behind what there is. @returns where that is */
  async append(pieces: readonly Uint8Array[]): Promise<number> {
    this.#handle ??= await this.#open();
    const start = this.#end;
    let rest = pieces.filter(({ byteLength }) => byteLength > 0);
    while (rest.length > 0) {
      const { bytesWritten } = await this.#handle.writev(rest, this.#end);
      this.#end += bytesWritten;
      rest = unwritten(rest, bytesWritten);
    }
    return start;
  }

  body(at: number, bytes: number): LentBody {
    return { bytes, read: () => this.#read(at, bytes) };
  }

  /** Its bytes are gone then. Idempotent. */
  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #read(at: number, bytes: number): Promise<Uint8Array> {
    const from = at - this.#windowAt;
    if (from < 0 || from + bytes > this.#window.byteLength) return this.#readAnew(at, bytes);
    this.#lastEnd = at + bytes;
    return this.#window.subarray(from, from + bytes);
  }

  async #readAnew(at: number, bytes: number): Promise<Uint8Array> {
    const ahead = at === this.#lastEnd ? Math.min(AHEAD_BYTES, this.#end - at) : 0;
    const window = Buffer.allocUnsafe(Math.max(bytes, ahead));
    let read = 0;
    while (read < window.byteLength) {
      const { bytesRead = 0 } = (await this.#handle?.read(window, read, window.byteLength - read, at + read)) ?? {};
      if (bytesRead === 0) throw new Error(`expected ${bytes} bytes at ${at} of those put aside, got ${read}`);
      read += bytesRead;
    }
    this.#window = window;
    this.#windowAt = at;
    this.#lastEnd = at + bytes;
    return window.subarray(0, bytes);
  }

  async #open(): Promise<FileHandle> {
    await mkdir(this.#folder, { recursive: true });
    const path = join(this.#folder, `${randomBytes(8).toString('hex')}.early`);
    const handle = await patiently(() => open(path, 'wx+'));
    await rm(path, { force: true });
    return handle;
  }
}
