/** A stream whose beginning was looked at. */
import type { Readable } from 'node:stream';
import type { RecordBatch } from 'apache-arrow';
import { FlowDcError } from '../../errors.ts';
import type { TextTypes } from './column-kinds.ts';
import { detectFormat, type GivenFormat, type GivenText } from './detect-format.ts';
import { unpackedHead } from './head-of-file.ts';
import { isArchive } from './inner-files.ts';
import type { DetectedFormat } from './manifest-info.ts';
import { isJson, textRows } from './text-input.ts';

/** Enough to tell the format when no line ends before. */
const HEAD_BYTES = 64 * 1024;
/** A block of bzip2 has to be whole to be unpacked. */
const PACKED_HEAD_BYTES = 1536 * 1024;

/** How the input `-` is called in messages and in the source column. */
export const STDIN_NAME = '-';

/** A stream whose beginning was looked at. */
export interface StdinHead extends DetectedFormat {
  /** What was read so far, and where the rest comes from. */
  seen: Buffer;
  readonly rest: AsyncIterator<Buffer | string>;
  /** Tables are within it, which are found when all of it is there. */
  readonly isArchive: boolean;
  /** Where all of it went, if it had to be written to a file. */
  spooled?: string;
}

/** Inspecting and reading look at the same stream: what the first has taken from it, the second finds here. */
const HEADS = new WeakMap<Readable, Promise<StdinHead>>();

/** Read as much of a stream as tells its format and columns: a line, two of csv, or 64 KiB. Lines that are to be skipped come on top. Errors as detectFormat. */
export function headOfStdin(stdin: Readable, format: GivenFormat, say: GivenText = {}): Promise<StdinHead> {
  const known = HEADS.get(stdin);
  if (known !== undefined) return known;
  const head = readHead(stdin[Symbol.asyncIterator](), format, say);
  HEADS.set(stdin, head);
  return head;
}

async function readHead(rest: AsyncIterator<Buffer | string>, format: GivenFormat, say: GivenText): Promise<StdinHead> {
  let seen = Buffer.alloc(0);
  for (;;) {
    const { done, value } = await rest.next();
    if (!done) seen = Buffer.concat([seen, Buffer.from(value as Buffer)]);
    const { head, packing, fault } = await unpackedHead(seen, STDIN_NAME);
    const enough = packing === undefined ? HEAD_BYTES : PACKED_HEAD_BYTES;
    if (isArchive(head)) return { format: 'csv', packing, seen, rest, isArchive: true };
    // A header of a tar archive has to be whole.
    if (!done && head.length < 512 && head.includes(0)) continue;
    const lines =
      head
        .toString('latin1')
        .split('\n')
        .slice(say.skipLines ?? 0)
        .filter((line) => line.trim() !== '' && !line.startsWith('#')).length - (head.at(-1) === 10 ? 0 : 1);
    if (!done && (seen.length < 6 || lines < 1) && seen.length < enough) continue;
    if (head.length === 0 && fault !== undefined) throw fault;
    const detected = detectFormat(
      { head, packing, isWhole: done === true && packing === undefined, name: STDIN_NAME },
      format,
      say,
    );
    if (done || detected.dialect === undefined || lines > 1 || seen.length >= enough)
      return { ...detected, seen, rest, isArchive: false };
  }
}

/** The whole stream, from its first byte on. */
export async function* allChunks({ seen, rest }: StdinHead): AsyncGenerator<Buffer, void> {
  try {
    yield seen;
    for (let step = await rest.next(); !step.done; step = await rest.next()) yield Buffer.from(step.value as Buffer);
  } finally {
    await rest.return?.();
  }
}

/**
 * The rows that the head holds: columns for sure, values perhaps. FDC_ERR_MANIFEST_EMPTY when there is nothing in it.
 */
export async function rowsOfHead(head: StdinHead, maxRecordBytes: number, types: TextTypes): Promise<RecordBatch> {
  const isPacked = head.packing !== undefined;
  const chunks = isPacked ? unpackedOnce(head) : growing(head);
  const typesBy = isJson(head) ? types.json : types.csv;
  // What becomes of rows that cannot be read is decided when they are read.
  const bad = { onBadRow: 'skip', warn: () => {} } as const;
  const input = { name: STDIN_NAME, chunks, isLive: true, typesBy, isCut: isPacked, maxRecordBytes, ...bad };
  const first = await textRows(input, head).next();
  if (first.done) throw new FlowDcError('FDC_ERR_MANIFEST_EMPTY', 'stdin has no rows: expected at least one');
  return first.value;
}

/** The head, and more of the stream for as long as its first row is not whole. */
async function* growing(head: StdinHead): AsyncGenerator<Buffer, void> {
  yield head.seen;
  for (let step = await head.rest.next(); !step.done; step = await head.rest.next()) {
    const chunk = Buffer.from(step.value as Buffer);
    head.seen = Buffer.concat([head.seen, chunk]);
    yield chunk;
  }
}

async function* unpackedOnce({ seen }: StdinHead): AsyncGenerator<Buffer, void> {
  yield (await unpackedHead(seen, STDIN_NAME)).head;
}
