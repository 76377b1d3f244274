/** An XML file as a table. */
import { Readable } from 'node:stream';
import type { ManifestSettings } from '../../config/types.ts';
import { rowPath } from './archive/xml-outline.ts';
import { xmlLines } from './archive/xml-rows.ts';
import type { InnerTables } from './archive-tables.ts';
import { closeSource, type FileSource, type InnerFile, within } from './file-source.ts';
import { startBytes } from './first-bytes.ts';
import type { FileHead } from './head-of-file.ts';
import { asUtf8 } from './text-encoding.ts';
import { chunksOf } from './text-input.ts';
import { packedFault, unpacked } from './unpack/unpack.ts';

const HEAD_BYTES = 1024 * 1024;
/** So much tells where the rows are. */
const PATH_BYTES = 64 * 1024;

/** Its rows as lines of JSON. Errors of its chunks: FDC_ERR_MANIFEST_CORRUPT, _TOO_WIDE; those of the source. */
export async function tableOfXml(
  source: FileSource,
  { identity, head, packing }: FileHead,
  { encoding, rowsAt, maxRecordBytes }: ManifestSettings,
): Promise<InnerTables> {
  const { name } = source;
  const said = encoding ?? declaredIn(head);
  const at =
    rowsAt?.split('.') ?? (await rowPath(asUtf8(Readable.from([head.subarray(0, PATH_BYTES)]), said, () => {})));
  const options = { at, mostChars: maxRecordBytes };
  async function* chunks(
    signal: AbortSignal,
    warn: (message: string) => void = () => {},
  ): AsyncGenerator<Buffer, void> {
    let bytes = 0;
    const bare =
      packing === undefined ? chunksOf(source, signal) : unpacked(chunksOf(source, signal), packing, name, signal);
    async function* counted(): AsyncGenerator<Buffer, void> {
      for await (const chunk of bare) {
        bytes += chunk.length;
        yield chunk;
      }
    }
    const onGuess = (guess: string): void =>
      warn(`${name} is not UTF-8: it is read as ${guess}; if it is anything else, say so with encoding`);
    try {
      yield* xmlLines(asUtf8(counted(), said, onGuess), options);
    } catch (error) {
      throw packedFault(error, 'XML', name, bytes);
    }
  }
  const inner: InnerFile = {
    bytes: identity.bytes,
    chunks,
    close: () => closeSource(source),
    head: (signal) => startBytes(chunks(signal), HEAD_BYTES),
    telling: async () => Buffer.from(identity.hash),
    format: { format: 'jsonl', encoding: 'utf-8', areRows: true },
  };
  const isFound = rowsAt === undefined && at.length > 0;
  return {
    sources: [{ name, hive: source.hive, within: within(source, 'xml'), inner }],
    said: isFound ? [`${name}: its rows are the elements ${at.join('.')}; rows_at says others`] : [],
  };
}

/** UTF-8 is said of what is not as well, so that it says nothing. */
function declaredIn(head: Buffer): string {
  const [, name = 'utf-8'] =
    /^(?:\xef\xbb\xbf)?<\?xml[^>]*encoding=["']([\w.:-]+)["']/.exec(head.toString('latin1', 0, 200)) ?? [];
  if (/^utf-?8$/i.test(name)) return 'auto';
  try {
    return new TextDecoder(name).encoding;
  } catch {
    return 'auto';
  }
}
