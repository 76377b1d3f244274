/** The meta.xml of a Darwin Core Archive: which tables there are, how they are written and what their columns mean. */
import { PackedError } from '../unpack/packed-error.ts';
import { readXml, type XmlAttributes } from './xml-walk.ts';

/** A table of the archive. */
export interface MetaTable {
  /** Files beside meta.xml, one after the other. */
  readonly files: readonly string[];
  /** What its rows are, without its namespace: `Occurrence`, `Multimedia`. */
  readonly rowType: string;
  readonly encoding: string;
  readonly delimiter: string;
  /** Empty where quotes mean nothing. */
  readonly quote: string;
  readonly lineEnd: '\n' | '\r';
  readonly headerLines: number;
  /** Which column says what row of the core it belongs to; in the core, which row it is. */
  readonly idAt: number;
  /** By column, what it is called; undefined for what nobody described. */
  readonly names: readonly (string | undefined)[];
  /** Columns that are in no file and have one value in all rows. */
  readonly constants: ReadonlyMap<string, string>;
  /** By name, what an empty cell of a column means. */
  readonly defaults: ReadonlyMap<string, string>;
}

export interface MetaXml {
  readonly core: MetaTable;
  readonly extensions: readonly MetaTable[];
}

interface OpenTable {
  readonly attributes: XmlAttributes;
  readonly isCore: boolean;
  readonly files: string[];
  readonly names: (string | undefined)[];
  readonly constants: Map<string, string>;
  readonly defaults: Map<string, string>;
  idAt: number | undefined;
}

/** More columns are no table of this kind. */
const MAX_COLUMNS = 5000;

/** Errors: PackedError for what is no such file; those of `chunks`. */
export async function readMetaXml(chunks: AsyncIterable<Buffer>): Promise<MetaXml> {
  const tables: { readonly isCore: boolean; readonly table: MetaTable }[] = [];
  let open: OpenTable | undefined;
  await readXml(chunks, {
    open: (name, attributes) => {
      if (name === 'core' || name === 'extension') open = opened(name, attributes);
      else if (open !== undefined && (name === 'id' || name === 'coreid')) open.idAt = Number(attributes.index ?? 0);
      else if (open !== undefined && name === 'field') addField(open, attributes);
    },
    close: (name, text = '') => {
      if (name === 'location') open?.files.push(text.trim());
      else if (open !== undefined && (name === 'core' || name === 'extension')) {
        tables.push({ isCore: open.isCore, table: asTable(open) });
        open = undefined;
      }
    },
  });
  const core = tables.find(({ isCore }) => isCore)?.table;
  if (core === undefined) throw new PackedError('no core table');
  return { core, extensions: tables.filter(({ isCore }) => !isCore).map(({ table }) => table) };
}

function opened(name: string, attributes: XmlAttributes): OpenTable {
  const found = { files: [], names: [], constants: new Map(), defaults: new Map(), idAt: undefined };
  return { attributes, isCore: name === 'core', ...found };
}

function addField(
  { names, constants, defaults }: OpenTable,
  { index, term = '', default: value }: XmlAttributes,
): void {
  const name = termOf(term);
  if (index === undefined) {
    if (value !== undefined) constants.set(name, value);
    return;
  }
  const at = Number(index);
  if (!(at >= 0 && at < MAX_COLUMNS)) throw new PackedError(`a column ${index}`);
  if (names.includes(name)) return;
  names[at] = name;
  if (value !== undefined) defaults.set(name, value);
}

function asTable({ attributes, files, names, constants, defaults, idAt = 0 }: OpenTable): MetaTable {
  const encoding = attributes.encoding || 'utf-8';
  const lineEnd = letters(attributes.linesTerminatedBy ?? '\\n');
  return {
    files,
    rowType: termOf(attributes.rowType ?? ''),
    encoding,
    delimiter: letters(attributes.fieldsTerminatedBy ?? ',').slice(0, 1),
    quote: letters(attributes.fieldsEnclosedBy ?? '"').slice(0, 1),
    lineEnd: lineEnd === '\r' ? '\r' : '\n',
    headerLines: Number(attributes.ignoreHeaderLines ?? 0) || 0,
    idAt,
    names: Array.from({ length: Math.max(names.length, idAt + 1) }, (_, at) => names[at]),
    constants: new Map([...constants].filter(([name]) => !names.includes(name))),
    defaults,
  };
}

/** The name at the end of a term's URL. */
function termOf(name: string): string {
  return name.replace(/^.*[/#:]/, '');
}

function letters(written: string): string {
  return written.replaceAll('\\t', '\t').replaceAll('\\r', '\r').replaceAll('\\n', '\n').replaceAll('\\"', '"');
}
