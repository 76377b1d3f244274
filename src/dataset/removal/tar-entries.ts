/** A tar archive taken apart and left as it is: each entry by its name, with every byte that belongs to it. */

const BLOCK_BYTES = 512;
/** POSIX ustar: where the fields stand. */
const [SIZE_AT, TYPE_AT, MAGIC_AT, PREFIX_AT] = [124, 156, 257, 345];
/** An extended header is a name and little else; what is longer is none of ours. */
const MOST_EXTENSION_BYTES = 1024 * 1024;

export interface TarEntry {
  readonly name: string;
  /** Its extended header, its header, its content, its padding; to be read to its end, or left, before the next one. */
  readonly raw: AsyncIterable<Uint8Array>;
}

/** Every entry up to the end of the archive. Throws TypeError for what is no archive, or ends in the middle of an entry. */
export async function* tarEntries(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const bytes = new Blocks(chunks);
  for (;;) {
    const head: Buffer[] = [];
    let path: string | undefined;
    let header = await bytes.block();
    if (header === undefined || isEmpty(header)) return;
    while (isExtension(header)) {
      const size = sizeOf(header);
      if (size > MOST_EXTENSION_BYTES) throw new TypeError(`expected a tar entry, got an extension of ${size} bytes`);
      const body = await bytes.take(padded(size));
      path = pathIn(header, body.subarray(0, size)) ?? path;
      head.push(header, body);
      const next = await bytes.block();
      if (next === undefined) throw new TypeError('expected a tar entry, got the end of the file');
      header = next;
    }
    const [size, own] = [sizeOf(header), header];
    const rest = { bytes: padded(size) };
    yield { name: path ?? nameOf(header), raw: rawOf([...head, own], bytes, rest) };
    while (rest.bytes > 0) rest.bytes -= (await bytes.some(rest.bytes)).length;
  }
}

async function* rawOf(head: readonly Buffer[], bytes: Blocks, rest: { bytes: number }): AsyncGenerator<Uint8Array> {
  yield* head;
  while (rest.bytes > 0) {
    const chunk = await bytes.some(rest.bytes);
    rest.bytes -= chunk.length;
    yield chunk;
  }
}

/** PAX for the next entry, or a long name of GNU tar. */
function isExtension(header: Buffer): boolean {
  const type = String.fromCharCode(header[TYPE_AT] as number);
  return type === 'x' || type === 'g' || type === 'L';
}

function pathIn(header: Buffer, body: Buffer): string | undefined {
  const type = String.fromCharCode(header[TYPE_AT] as number);
  if (type === 'L') return text(body);
  if (type === 'g') return undefined;
  for (let at = 0; at < body.length; ) {
    const length = Number.parseInt(body.toString('latin1', at, at + 20), 10);
    if (!(length > 0)) return undefined;
    const record = body.toString('utf8', at, at + length);
    const [, name, value] = /^\d+ ([^=]+)=([\s\S]*)\n$/.exec(record) ?? [];
    if (name === 'path') return value;
    at += length;
  }
  return undefined;
}

function nameOf(header: Buffer): string {
  const name = text(header.subarray(0, 100));
  const isUstar = header.toString('latin1', MAGIC_AT, MAGIC_AT + 6) === 'ustar\u0000';
  const prefix = isUstar ? text(header.subarray(PREFIX_AT, PREFIX_AT + 155)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Octal, or in base 256 where that does not hold it. */
function sizeOf(header: Buffer): number {
  const field = header.subarray(SIZE_AT, SIZE_AT + 12);
  if (((field[0] as number) & 0x80) !== 0) return Number(field.readBigUInt64BE(4));
  const size = Number.parseInt(field.toString('latin1').replaceAll('\u0000', ' ').trim() || '0', 8);
  if (Number.isNaN(size)) throw new TypeError('expected a tar entry, got a header without a size');
  return size;
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
}

function isEmpty(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** Bytes of a stream, as many as are asked for. */
class Blocks {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** A header; undefined at the end. */
  async block(): Promise<Buffer | undefined> {
    return (await this.#fill()) ? this.take(BLOCK_BYTES) : undefined;
  }

  async take(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = bytes; left > 0; left -= (parts.at(-1) as Buffer).length) parts.push(await this.some(left));
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }

  /** One at least. */
  async some(most: number): Promise<Buffer> {
    if (!(await this.#fill())) throw new TypeError('expected a tar archive, got one that ends within an entry');
    const some = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(some.length);
    return some;
  }

  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const { value, done } = await this.#chunks.next();
      if (done === true) return false;
      this.#chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
    return true;
  }
}
