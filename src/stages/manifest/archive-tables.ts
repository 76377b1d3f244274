/** Which files of an archive are the tables that are meant. Pure. */
import { nearest } from '../../config/nearest.ts';
import { FlowDcError } from '../../errors.ts';
import { someOf } from '../../short-text.ts';
import { extension } from './detect-format.ts';
import type { FileSource } from './file-source.ts';
import type { ManifestFormat } from './manifest-info.ts';
import { isPattern, keyPattern } from './remote/key-pattern.ts';
import { unpackedName } from './unpack/packing.ts';

/** Tables in an archive. */
export interface InnerTables {
  readonly sources: readonly FileSource[];
  /** One line each, for people. */
  readonly said: readonly string[];
}

/** Between the name of an archive and that of a table in it. */
export const MEMBER = '::';
/** Describes a Darwin Core Archive. */
export const META = 'meta.xml';

/** Whether a file begins as one does. */
export function isArchiveMeta(head: Buffer): boolean {
  return /<([\w-]+:)?archive[\s>]/.test(head.toString('latin1', 0, 4096));
}

/** More tables in one archive are no manifest. Chosen. */
const MAX_TABLES = 10_000;
/** A table before notes: what is there of the first of these kinds is read. */
const KINDS: readonly (readonly TableKind[])[] = [
  ['parquet'],
  ['csv', 'tsv', 'json', 'jsonl'],
  ['excel'],
  ['txt'],
  ['xml'],
];

/** The same of files in a folder, where texts that are no notes stand beside each other, as nobody has packed them. */
const FOLDER_KINDS: readonly (readonly (TableKind | 'archive')[])[] = [
  ['parquet'],
  ['csv', 'tsv', 'json', 'jsonl', 'txt'],
  ['excel'],
  ['archive'],
  ['xml'],
];
const ARCHIVE = /\.(?:zip|tar|tgz|tbz2|txz)$/i;
/** Texts beside a table. */
const NOTES = /^(?:readme|licen[cs]e|notice|citation|changelog)\b[^/]*\.txt$/i;

type TableKind = ManifestFormat | 'excel' | 'xml';

/** The kind of table that a file's name says. */
function kindOf(name: string): TableKind | undefined {
  // pandas calls what it packs as it calls the archive.
  const bare = unpackedName(name).replace(/\.(?:tar|zip)$/i, '');
  if (/\.xls[xm]$/i.test(bare)) return 'excel';
  return /\.xml$/i.test(bare) ? 'xml' : extension(bare);
}

/** Of the files of a folder, those that are read, and those of other kinds. */
export function manifestsAmong(names: readonly string[]): { readonly taken: string[]; readonly passed: string[] } {
  const kinds = new Map(
    names.filter((name) => !isBesideTables(name)).map((name) => [name, kindOf(name) ?? archiveKind(name)] as const),
  );
  const known = names.filter((name) => kinds.get(name) !== undefined).sort();
  const among = known.some((name) => !NOTES.test(name)) ? known.filter((name) => !NOTES.test(name)) : known;
  const ofTier = (tier: readonly (TableKind | 'archive')[]): string[] =>
    among.filter((name) => tier.includes(kinds.get(name) as TableKind));
  const taken = FOLDER_KINDS.map(ofTier).find((found) => found.length > 0) ?? [];
  return { taken, passed: known.filter((name) => !taken.includes(name)) };
}

function archiveKind(name: string): 'archive' | undefined {
  return ARCHIVE.test(unpackedName(name)) ? 'archive' : undefined;
}

/** What systems and programs leave beside them: `._x`, `_SUCCESS`, `~$x.xlsx` while Excel has that open. */
function isBesideTables(name: string): boolean {
  return /(^|\/)(?:[._]|~\$)[^/]*$/.test(name);
}

/** An input as the user named it, parted from the table in it. */
export function memberOf(input: string): { readonly file: string; readonly member: string | undefined } {
  const at = input.lastIndexOf(MEMBER);
  return at <= 0 ? { file: input, member: undefined } : { file: input.slice(0, at), member: input.slice(at + 2) };
}

/** How a table of an archive is named. @param member - with the archive's name in front of it, or without */
export function asNamed(archive: string, member: string): string {
  const own = member.startsWith(archive + MEMBER) ? member.slice(archive.length + MEMBER.length) : member;
  // What came through a pipe has no name.
  return `${archive === '-' ? 'FILE' : archive}${MEMBER}${own}`;
}

/** Not what systems leave beside files. */
function isHidden(name: string): boolean {
  return name.split('/').some((part) => /^(?:\.(?!\.?$)|~\$)/.test(part) || part === '__MACOSX');
}

/** What was found in an archive, gathered as its directory is read: it may hold a million pictures as well. */
export class FoundTables<Entry extends { readonly name: string }> {
  readonly #archive: string;
  readonly #member: string | undefined;
  readonly #pattern: RegExp | undefined;
  readonly #tables: Entry[] = [];
  readonly #others: string[] = [];
  #otherCount = 0;

  /** @param member - which are meant: a name, or a pattern */
  constructor(archive: string, member: string | undefined) {
    this.#archive = archive;
    this.#member = member;
    this.#pattern = member !== undefined && isPattern(member) ? keyPattern(member) : undefined;
  }

  /** Whether it is worth a look. */
  wants(name: string): boolean {
    if (this.#member === name) return true;
    if (this.#member !== undefined && this.#pattern?.test(name) !== true) return false;
    return !isHidden(name) && kindOf(name) !== undefined;
  }

  add(entry: Entry): void {
    const { name } = entry;
    if (this.wants(name)) {
      if (this.#tables.push(entry) > MAX_TABLES)
        throw new FlowDcError('FDC_ERR_MANIFEST_FORMAT', `${this.#archive} holds over ${MAX_TABLES} tables: unpack it`);
    } else if (!isHidden(name)) {
      this.#otherCount += 1;
      if (this.#others.length < 100) this.#others.push(name);
    }
  }

  /** There is no table so far. */
  get isEmpty(): boolean {
    return this.#tables.length === 0;
  }

  /** Errors: FDC_ERR_MANIFEST_NOT_FOUND where there is none. */
  chosen(): { readonly entries: readonly Entry[]; readonly said: readonly string[] } {
    const exact = this.#tables.find(({ name }) => name === this.#member);
    if (exact !== undefined) return { entries: [exact], said: [] };
    if (this.#tables.length === 0) throw this.#none();
    const isOf = (kinds: readonly TableKind[], { name }: Entry) => kinds.includes(kindOf(name) as TableKind);
    // A pattern means all that it fits.
    const all = this.#pattern === undefined ? KINDS : [KINDS.flat()];
    const kinds = all.find((kinds) => this.#tables.some((entry) => isOf(kinds, entry))) ?? [];
    const entries = this.#tables
      .filter((entry) => isOf(kinds, entry))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
    const passed = this.#tables.filter((entry) => !entries.includes(entry)).map(({ name }) => name);
    const said =
      passed.length === 0
        ? []
        : [
            `${this.#archive}: ${someOf(passed, 3)} in it is not read; name it, as ${asNamed(this.#archive, passed[0] as string)}`,
          ];
    return { entries, said };
  }

  #none(): FlowDcError {
    const held = this.#otherCount === 0 ? 'nothing' : someOf(this.#others, 5);
    const more = this.#otherCount > this.#others.length ? ` (${this.#otherCount} files)` : '';
    const near = this.#member === undefined ? undefined : nearest(this.#member, this.#others);
    const wanted =
      this.#member === undefined
        ? 'no table (parquet, csv, tsv, txt, json, jsonl, xlsx or xml)'
        : `no ${this.#member}${near === undefined ? '' : ` (did you mean ${near}?)`}`;
    return new FlowDcError('FDC_ERR_MANIFEST_NOT_FOUND', `${this.#archive} holds ${wanted}: it holds ${held}${more}`);
  }
}
