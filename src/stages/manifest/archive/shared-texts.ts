/** The texts that cells of a workbook share, as bytes: a tenth of what as many strings would take. */
import { PackedError } from '../unpack/packed-error.ts';
import { readXml } from './xml-walk.ts';

/** Texts are held in blocks, and none is in two of them. */
const BLOCK_BYTES = 4 * 1024 * 1024;
/** Memory, with what each takes beside its bytes. Chosen: five million URLs. */
const MAX_BYTES = 512 * 1024 * 1024;
const TEXT_BYTES = 24;

export class SharedTexts {
  readonly #blocks: Buffer[] = [Buffer.allocUnsafe(BLOCK_BYTES)];
  #end = 0;
  /** By text: its block, where it begins, where it ends. */
  readonly #places: number[] = [];
  #bytes = 0;

  /** Undefined for what is not there. */
  at(index: number): string | undefined {
    const [block, start, end] = this.#places.slice(index * 3, index * 3 + 3);
    return block === undefined ? undefined : this.#blocks[block]?.toString('utf8', start, end);
  }

  /** Errors: PackedError beyond 512 MiB. */
  add(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.#bytes += bytes + TEXT_BYTES;
    if (this.#bytes > MAX_BYTES) throw new PackedError('over 512 MiB of texts (save the sheet as csv)', 'too large');
    if (this.#end + bytes > BLOCK_BYTES) {
      this.#blocks.push(Buffer.allocUnsafe(Math.max(BLOCK_BYTES, bytes)));
      this.#end = 0;
    }
    const block = this.#blocks.length - 1;
    this.#blocks[block]?.write(text, this.#end);
    this.#places.push(block, this.#end, this.#end + bytes);
    this.#end += bytes;
  }
}

export async function readSharedTexts(chunks: AsyncIterable<Buffer> | undefined): Promise<SharedTexts> {
  const texts = new SharedTexts();
  let [text, isSpoken] = ['', false];
  await readXml(chunks, {
    open: (name) => {
      if (name === 'si') text = '';
      if (name === 'rPh') isSpoken = true;
    },
    close: (name, part = '') => {
      // How a word is read aloud is no part of it.
      if (name === 't' && !isSpoken) text += part;
      if (name === 'rPh') isSpoken = false;
      if (name === 'si') texts.add(unescaped(text));
    },
  });
  return texts;
}

/** Letters that XML cannot have are written as `_x000D_`. */
export function unescaped(text: string): string {
  if (!text.includes('_x')) return text;
  return text.replace(/_x([0-9a-f]{4})_/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
