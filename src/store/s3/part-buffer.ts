/** Memory of parts: what is filled before it is sent. Buffers of the usual size are used again. */

/** A part begins with so much: most small files never need more. */
const FIRST_BYTES = 256 * 1024;

/** Buffers of one size that were used before. Giving them to the collector would hold memory for long. */
export class BufferShelf {
  readonly bytes: number;
  readonly #free: Buffer[] = [];
  readonly #most: number;

  constructor(bytes: number, most: number) {
    this.bytes = bytes;
    this.#most = most;
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.bytes);
  }

  giveBack(buffer: Buffer): void {
    if (buffer.byteLength === this.bytes && this.#free.length < this.#most) this.#free.push(buffer);
  }
}

/** One part while it is filled. */
export class PartBuffer {
  readonly #shelf: BufferShelf;
  readonly #capacity: number;
  #buffer: Buffer | undefined;
  #bytes = 0;

  /** @param capacity - bytes when it is full */
  constructor(shelf: BufferShelf, capacity: number) {
    this.#shelf = shelf;
    this.#capacity = capacity;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes === this.#capacity;
  }

  get content(): Buffer {
    return this.#buffer?.subarray(0, this.#bytes) ?? Buffer.alloc(0);
  }

  /** Copy as much of `chunk` as fits. @returns how many bytes that is */
  add(chunk: Uint8Array): number {
    const taken = Math.min(chunk.byteLength, this.#capacity - this.#bytes);
    const buffer = this.#withRoom(this.#bytes + taken);
    buffer.set(taken === chunk.byteLength ? chunk : chunk.subarray(0, taken), this.#bytes);
    this.#bytes += taken;
    return taken;
  }

  /** The content is not needed any more. */
  release(): void {
    if (this.#buffer !== undefined) this.#shelf.giveBack(this.#buffer);
    this.#buffer = undefined;
    this.#bytes = 0;
  }

  #withRoom(bytes: number): Buffer {
    const old = this.#buffer;
    if (old !== undefined && old.byteLength >= bytes) return old;
    let size = Math.max(FIRST_BYTES, 2 * (old?.byteLength ?? 0));
    while (size < bytes) size *= 2;
    const isWhole = size >= this.#capacity;
    const buffer =
      isWhole && this.#capacity === this.#shelf.bytes
        ? this.#shelf.take()
        : Buffer.allocUnsafeSlow(Math.min(size, this.#capacity));
    old?.copy(buffer, 0, 0, this.#bytes);
    this.#buffer = buffer;
    return buffer;
  }
}
