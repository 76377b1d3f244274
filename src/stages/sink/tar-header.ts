/** Headers of tar entries: a template with name, size, time and checksum filled in, or tar-stream where that will not do. */
import { once } from 'node:events';

export const BLOCK_BYTES = 512;
/** POSIX ustar: where the fields stand. */
const [MODE_AT, SIZE_AT, MTIME_AT, CHECKSUM_AT, TYPE_AT, MAGIC_AT, DEVICE_AT] = [100, 124, 136, 148, 156, 257, 329];
const MAX_NAME = 100;
const MAX_SIZE = 0o77777777777;

/** What every entry has, so that the same samples make the same archive. */
export const ATTRIBUTES = { mode: 0o644, uid: 0, gid: 0 } as const;

/** Everything but name, size, time and checksum, as tar-stream writes it; a test compares the two. */
const TEMPLATE = template();
const TEMPLATE_SUM = sumOf(TEMPLATE);

/** Whether `writeHeader` can express the entry. */
export function isPlain(name: string, size: number): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is what ustar holds without an extension.
  return name.length <= MAX_NAME && size <= MAX_SIZE && /^[\x01-\x7f]+$/.test(name) && !name.endsWith('/');
}

/**
 * Write the 512 bytes of a plain entry's header into `target` at `at`, all of whose bytes are overwritten.
 * @param mtime - seconds since 1970
 */
export function writeHeader(target: Buffer, at: number, name: string, size: number, mtime: number): void {
  target.set(TEMPLATE, at);
  let sum = TEMPLATE_SUM;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    target[at + i] = code;
    sum += code;
  }
  sum += writeOctal(target, at + SIZE_AT, size, 11);
  sum += writeOctal(target, at + MTIME_AT, mtime, 11);
  writeOctal(target, at + CHECKSUM_AT, sum, 6);
}

/** Header blocks of an entry whose name needs an extension (PAX), by tar-stream. */
export async function unusualHeader(name: string, size: number, mtime: number): Promise<Buffer> {
  const { pack } = await import('tar-stream');
  const packer = pack();
  const entry = packer.entry({ name, size, mtime: new Date(mtime * 1000), ...ATTRIBUTES });
  const blocks: Buffer[] = [];
  const done = once(packer, 'close');
  packer.on('data', (chunk) => blocks.push(chunk as Buffer));
  // Its header is in the stream as soon as the entry is open; of the body nothing goes that way.
  await new Promise((resolve) => setImmediate(resolve));
  packer.on('error', () => {});
  entry.on('error', () => {});
  packer.destroy();
  await done;
  return Buffer.concat(blocks);
}

/** Digits of `value` in base 8, padded with zeros. @returns their sum as bytes */
function writeOctal(target: Buffer, at: number, value: number, digits: number): number {
  let rest = value;
  let sum = 0;
  for (let i = at + digits - 1; i >= at; i--) {
    const code = 0x30 + (rest % 8);
    rest = Math.floor(rest / 8);
    target[i] = code;
    sum += code;
  }
  return sum;
}

function template(): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write('000644 \u0000000000 \u0000000000 \u0000', MODE_AT, 'latin1');
  block.write('00000000000 00000000000 ', SIZE_AT, 'latin1');
  block.write('000000 \u00000', CHECKSUM_AT, 'latin1');
  block.write('ustar\u000000', MAGIC_AT, 'latin1');
  block.write('000000 \u0000000000 \u0000', DEVICE_AT, 'latin1');
  return block;
}

/** Of all bytes but size and time, which whoever writes them adds; the checksum counts its own field as eight blanks. */
function sumOf(block: Buffer): number {
  let sum = 8 * 0x20;
  block.forEach((byte, at) => {
    const isNumber = (at >= SIZE_AT && at < SIZE_AT + 11) || (at >= MTIME_AT && at < MTIME_AT + 11);
    const isChecksum = at >= CHECKSUM_AT && at < TYPE_AT;
    if (!isNumber && !isChecksum) sum += byte;
  });
  return sum;
}
