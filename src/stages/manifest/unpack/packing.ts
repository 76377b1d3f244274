/** How a text is packed: told by its first bytes, and by its name alone where they say nothing. */
import { isSkippable } from './zstd.ts';

export type Packing = 'gzip' | 'zstd' | 'bzip2' | 'xz' | 'brotli';

/** What such files are called. */
const ENDINGS: Readonly<Record<Packing, readonly string[]>> = {
  gzip: ['gz', 'gzip', 'tgz'],
  zstd: ['zst', 'zstd'],
  bzip2: ['bz2', 'tbz2'],
  xz: ['xz', 'txz'],
  brotli: ['br'],
};

const MAGIC: readonly (readonly [string, Packing])[] = [
  ['\x1f\x8b', 'gzip'],
  ['\x28\xb5\x2f\xfd', 'zstd'],
  ['\xfd7zXZ\0', 'xz'],
];
/** Of a block of bzip2, and of its end; a text may begin with the letters before them. */
const BZIP2_BLOCKS = ['1AY&SY', '\x17rE8P\x90'];

export function packingOf(head: Buffer, name: string): Packing | undefined {
  const start = head.toString('latin1', 0, 10);
  const found = MAGIC.find(([magic]) => start.startsWith(magic))?.[1];
  if (found !== undefined) return found;
  if (/^BZh[1-9]/.test(start) && BZIP2_BLOCKS.includes(start.slice(4))) return 'bzip2';
  if (isSkippable(head)) return 'zstd';
  return isNamed(name, 'brotli') ? 'brotli' : undefined;
}

function isNamed(name: string, packing: Packing): boolean {
  return ENDINGS[packing].some((ending) => name.toLowerCase().endsWith(`.${ending}`));
}

/** A name without what says how it is packed. */
export function unpackedName(name: string): string {
  return name.replace(/\.(?:gz|gzip|zst|zstd|bz2|xz|br)$/i, '');
}
