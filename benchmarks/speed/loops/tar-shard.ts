/** A tar file written with as few system calls and copies as there can be: the output of the floor. */
import { closeSync, fsyncSync, openSync, writev } from 'node:fs';

const BLOCK = 512;
const GATHER_BYTES = 1 << 20;
const ZEROES = new Uint8Array(2 * BLOCK);

/** A tar file of entries whose chunks are written where they lie, at least 1 MiB at a time. */
export class TarShard {
  readonly #file: number;
  #chunks: Uint8Array[] = [];
  /** Bytes that were added and are not on their way yet. */
  #gathered = 0;
  #writing = 0;
  #idle: (() => void) | undefined;
  readonly #onWritten: (error: Error | null) => void;

  /** @param onWritten - called after every write: there is room again, or none ever */
  constructor(path: string, onWritten: (error: Error | null) => void) {
    this.#file = openSync(path, 'wx');
    this.#onWritten = onWritten;
  }

  /** Bytes that have not reached the file. */
  get pendingBytes(): number {
    return this.#gathered + this.#writing;
  }

  add(name: string, chunks: readonly Uint8Array[], bytes: number): void {
    const padding = (BLOCK - (bytes % BLOCK)) % BLOCK;
    this.#chunks.push(tarHeader(name, bytes), ...chunks);
    if (padding > 0) this.#chunks.push(ZEROES.subarray(0, padding));
    this.#gathered += BLOCK + bytes + padding;
    if (this.#gathered >= GATHER_BYTES) this.#write();
  }

  async close(): Promise<void> {
    this.#chunks.push(ZEROES);
    this.#gathered += ZEROES.length;
    while (this.pendingBytes > 0) {
      this.#write();
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    fsyncSync(this.#file);
    closeSync(this.#file);
  }

  #write(): void {
    if (this.#writing > 0 || this.#gathered === 0) return;
    const chunks = this.#chunks;
    const expected = this.#gathered;
    this.#chunks = [];
    this.#gathered = 0;
    this.#writing = expected;
    writev(this.#file, chunks, (failure, written) => {
      this.#writing = 0;
      const error = failure ?? (written === expected ? null : new Error(`${written} of ${expected} bytes written`));
      if (this.#gathered >= GATHER_BYTES) this.#write();
      this.#onWritten(error);
      this.#idle?.();
    });
  }
}

/** Every header has these bytes: mode 0644, owner 0, time 0, a plain file, and eight spaces in place of the sum. */
const TEMPLATE = Buffer.alloc(BLOCK);
TEMPLATE.write(['0000644', '0000000', '0000000', ''].join('\0'), 100, 'latin1');
TEMPLATE.write(['00000000000', '        0'].join('\0'), 136, 'latin1');
TEMPLATE.write('ustar\x0000', 257, 'latin1');
const TEMPLATE_SUM = TEMPLATE.reduce((sum, byte) => sum + byte, 0);

/** A ustar header (POSIX.1-1988) of a plain file; names of at most 100 ASCII characters. No call into native code. */
export function tarHeader(name: string, bytes: number): Buffer {
  const header = Buffer.allocUnsafe(BLOCK);
  header.set(TEMPLATE);
  let sum = TEMPLATE_SUM;
  for (let at = 0; at < name.length; at++) {
    header[at] = name.charCodeAt(at);
    sum += name.charCodeAt(at);
  }
  sum += putOctal(header, 124, 11, bytes);
  putOctal(header, 148, 6, sum);
  header[154] = 0;
  return header;
}

/** @returns the sum of the digits as bytes */
function putOctal(target: Buffer, at: number, digits: number, value: number): number {
  let sum = 0;
  for (let place = digits - 1, rest = value; place >= 0; place--) {
    const digit = 0x30 + (rest % 8);
    target[at + place] = digit;
    sum += digit;
    rest = Math.floor(rest / 8);
  }
  return sum;
}
