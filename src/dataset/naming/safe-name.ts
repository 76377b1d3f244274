/**
 * Turning labels and names from a manifest into one part of a path that cannot escape, collide by accident or be
 * refused. Pure.
 */
import { createHash } from 'node:crypto';

/** The longest name that ext4, xfs, APFS and NTFS take, in UTF-8 bytes. */
export const MAX_PART_BYTES = 255;

/** Names that mean something at the top of a dataset's folder. */
const RESERVED = new Set(['metadata.parquet', '.flow-dc']);

/** Hugging Face passes over files and folders that begin so, in archives and outside, and says nothing. */
const PASSED_OVER = /^_(?=_)/;

/**
 * A folder name for a label. Unicode stays; separators, control characters, `.`, `..`, a leading dot or `__` and trailing
 * dots or spaces are percent-encoded, and so is a `%` that would read as an encoding: different labels stay different.
 * @param nullLabel - for a label that is null or empty
 */
export function labelFolder(label: string | null, nullLabel: string): string {
  const part = safePart(label === null || label === '' ? nullLabel : label);
  return fitBytes(RESERVED.has(part.toLowerCase()) ? part.replace('.', '%2E') : part, MAX_PART_BYTES);
}

/** One part of a path, of any length. '' stays ''. */
export function safePart(text: string): string {
  return (
    text
      .replace(/%(?=[0-9a-fA-F]{2})/g, '%25')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is encoded
      .replace(/[\u0000-\u001f\u007f-\u009f/\\]/g, percent)
      // Dots in front hide a folder, and data loaders disagree about hidden ones.
      .replace(/^\./, percent)
      .replace(PASSED_OVER, percent)
      .replace(/[. ]+$/, (run) => Array.from(run, percent).join(''))
  );
}

/**
 * A webdataset key: ASCII, without dots (the key ends at the first one), separators, white space or `__` in front. Other bytes are
 * percent-encoded as UTF-8.
 * @param maxBytes - room for the key in the 100-byte name field of a tar header
 */
export function safeKey(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  let key = '';
  for (const byte of bytes) key += isKeyByte(byte) ? String.fromCharCode(byte) : percentByte(byte);
  return fitBytes(key.replace(PASSED_OVER, percent), maxBytes);
}

/** `text` when it fits, else its beginning and 8 hex digits over all of it. Never cuts a character in two. */
export function fitBytes(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const tail = `~${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
  let head = '';
  let room = maxBytes - tail.length;
  for (const character of text) {
    room -= Buffer.byteLength(character);
    if (room < 0) break;
    head += character;
  }
  return head + tail;
}

/** Lower-case letters and digits only: what may follow the dot. */
export function safeExtension(extension: string | undefined): string {
  const plain = (extension ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .slice(0, 10);
  return plain === '' ? 'bin' : plain;
}

const KEY_CHARACTERS = /[A-Za-z0-9_~@+=,!-]/;

function isKeyByte(byte: number): boolean {
  return byte < 128 && KEY_CHARACTERS.test(String.fromCharCode(byte));
}

function percent(character: string): string {
  let encoded = '';
  for (const byte of Buffer.from(character)) encoded += percentByte(byte);
  return encoded;
}

function percentByte(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
