/** Files in a tar archive, in the order in which they come: it has no directory, and is read through once. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PackedError } from '../unpack/packed-error.ts';

export interface TarFile {
  readonly name: string;
  readonly bytes: number;
  /** Where its bytes begin in the archive. */
  readonly at: number;
  /** A link, a device or the like: nothing that can be read is in it. */
  readonly isSpecial: boolean;
  /** To be read to their end before the next file is asked for, or not at all. */
  readonly chunks: AsyncIterable<Buffer>;
}

const [HEADER_BYTES, SUM_AT] = [512, 148];

/** Whether bytes begin as a tar archive does: with a header whose checksum is right, whoever wrote it. */
export function isTar(head: Buffer): boolean {
  if (head.length < HEADER_BYTES || head[0] === 0) return false;
  const sum = Number.parseInt(head.toString('latin1', SUM_AT, SUM_AT + 8).replace(/\0.*$/s, ''), 8);
  let found = 8 * 32;
  for (let at = 0; at < HEADER_BYTES; at++) if (at < SUM_AT || at >= SUM_AT + 8) found += head[at] as number;
  return found === sum;
}

/** Folders are left out. Errors: PackedError where it is cut off or damaged; those of `chunks`. */
export async function* tarFiles(chunks: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<TarFile, void> {
  const { extract } = await import('tar-stream');
  // That its checksum is right says enough. The library's types do not know the option.
  const archive = extract({ allowUnknownFormat: true } as Parameters<typeof extract>[0]);
  const done = pipeline(Readable.from(chunks), archive, { signal });
  // Whoever stops reading early makes the pipeline fail, which is nobody's concern then.
  done.catch(() => {});
  try {
    for await (const entry of archive) {
      const { name, type, size = 0, byteOffset = 0 } = entry.header as typeof entry.header & { byteOffset?: number };
      const isSpecial = type !== 'file' && type !== 'contiguous-file';
      if (type !== 'directory')
        yield { name, bytes: size, at: byteOffset, isSpecial, chunks: entry as AsyncIterable<Buffer> };
      entry.resume();
    }
    await done;
  } catch (error) {
    throw tarFault(error);
  } finally {
    archive.destroy();
  }
}

/** What the library raises, also where a file is read, as what it means; anything else as it is. */
export function tarFault(error: unknown): unknown {
  const { message = '' } = error as Error;
  if (/^unexpected end of data/i.test(message)) return new PackedError('cut off');
  return /^invalid (tar )?header|^header exceeds max/i.test(message) ? new PackedError('a damaged header') : error;
}
