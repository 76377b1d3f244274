/** Tables in a tar archive. */
import { FlowDcError } from '../../errors.ts';
import { someOf } from '../../short-text.ts';
import { tarFault, tarFiles } from './archive/tar.ts';
import type { FileParts } from './archive/zip.ts';
import { FoundTables, type InnerTables, MEMBER } from './archive-tables.ts';
import { partsOf } from './file-parts.ts';
import {
  closeSource,
  type InnerSource,
  type LocalSource,
  localSource,
  type RemoteSource,
  within,
} from './file-source.ts';
import { spoolChunks } from './remote/spool.ts';
import { chunksOf } from './text-input.ts';
import { PackedError } from './unpack/packed-error.ts';
import type { Packing } from './unpack/packing.ts';
import { packedFault, unpacked } from './unpack/unpack.ts';

/** Where its bytes are. */
interface TarTable {
  readonly name: string;
  start: number;
  bytes: number;
}

/**
 * Read through once. What is packed has its tables, and nothing else of it, written to a temporary file on the way.
 * Errors: those of `tablesWithin`.
 */
export async function tablesInTar(
  source: LocalSource | RemoteSource,
  packing: Packing | undefined,
  signal: AbortSignal,
): Promise<InnerTables> {
  const listing = new TarListing(source, packing);
  const file = await partsOf(
    packing === undefined ? source : localSource((await spoolChunks(source.name, listing.tables(signal))).path),
  );
  // What is a file as it is can be read in parts.
  if (packing === undefined) for await (const _ of listing.tables(signal));
  const { entries, said } = listing.chosen();
  return { sources: entries.map((entry) => tarMember(source, file, entry)), said };
}

class TarListing {
  readonly #found: FoundTables<TarTable>;
  readonly #source: LocalSource | RemoteSource;
  readonly #packing: Packing | undefined;
  readonly #links: string[] = [];

  constructor(source: LocalSource | RemoteSource, packing: Packing | undefined) {
    this.#source = source;
    this.#packing = packing;
    this.#found = new FoundTables(source.name, source.member);
  }

  /** Errors: FDC_ERR_MANIFEST_NOT_FOUND where there is none. */
  chosen(): { readonly entries: readonly TarTable[]; readonly said: readonly string[] } {
    if (this.#links.length === 0) return this.#found.chosen();
    const links = `${someOf(this.#links, 3)} in it is a link or the like, and not followed: pack the file itself`;
    if (this.#found.isEmpty) throw new FlowDcError('FDC_ERR_MANIFEST_NOT_FOUND', `${this.#source.name}: ${links}`);
    const { entries, said } = this.#found.chosen();
    return { entries, said: [...said, `${this.#source.name}: ${links}`] };
  }

  /** Of what is packed, the bytes of its tables, one after the other. */
  async *tables(signal: AbortSignal): AsyncGenerator<Buffer, void> {
    const { name } = this.#source;
    const fed = { bytes: 0 };
    const packed = counted(chunksOf(this.#source, signal), fed);
    const seen = new Map<string, TarTable>();
    let end = 0;
    try {
      const bytes = this.#packing === undefined ? packed : unpacked(packed, this.#packing, name, signal);
      for await (const file of tarFiles(bytes, signal)) {
        const isWanted = this.#found.wants(file.name);
        if (isWanted && file.isSpecial && this.#links.length < 100) this.#links.push(file.name);
        if (file.isSpecial) continue;
        const table = { name: file.name, start: this.#packing === undefined ? file.at : end, bytes: file.bytes };
        // Of several of one name, the last one is meant: so an archive is brought up to date.
        const before = seen.get(file.name);
        if (before === undefined) this.#found.add(table);
        if (!isWanted) continue;
        if (before === undefined) seen.set(file.name, table);
        else Object.assign(before, table);
        if (this.#packing === undefined) continue;
        for await (const chunk of file.chunks) {
          end += chunk.length;
          yield chunk;
        }
      }
    } catch (error) {
      throw packedFault(tarFault(error), 'tar archive', name, fed.bytes);
    }
  }
}

function tarMember(source: LocalSource | RemoteSource, file: FileParts, entry: TarTable): InnerSource {
  const name = `${source.name}${MEMBER}${entry.name}`;
  async function* chunks(signal: AbortSignal): AsyncGenerator<Buffer, void> {
    let bytes = 0;
    for await (const chunk of file.chunks(signal, entry.start, entry.start + entry.bytes)) {
      bytes += chunk.length;
      yield chunk;
    }
    if (bytes < entry.bytes) throw packedFault(new PackedError('cut off'), 'tar archive', name, bytes);
  }
  return {
    name,
    hive: source.hive,
    within: within(source, `tar > ${entry.name}`),
    inner: { bytes: entry.bytes, chunks, close: () => closeSource(source) },
  };
}

async function* counted(chunks: AsyncIterable<Buffer>, fed: { bytes: number }): AsyncGenerator<Buffer, void> {
  for await (const chunk of chunks) {
    fed.bytes += chunk.length;
    yield chunk;
  }
}
