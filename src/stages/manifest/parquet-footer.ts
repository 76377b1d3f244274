/** What a parquet footer says and its reader does not: which columns are UUIDs, are text, or cannot be read, and why. Pure. */
import { CompactReader, WIRE } from '../../parquet/compact-reader.ts';

/** Ids of fields as parquet.thrift has them. */
const [FILE_SCHEMA, FILE_GROUPS, GROUP_COLUMNS] = [2, 4, 1];
const [ELEMENT_REPETITION, ELEMENT_NAME, ELEMENT_CHILDREN, ELEMENT_CONVERTED, ELEMENT_LOGICAL] = [3, 4, 5, 6, 10];
const [LOGICAL_STRING, LOGICAL_UUID] = [1, 14];
const [CHUNK_METADATA, CHUNK_CRYPTO, COLUMN_ENCODINGS, COLUMN_PATH, COLUMN_CODEC] = [3, 8, 2, 3, 4];
const [CRYPTO_COLUMN_KEY, CRYPTO_PATH] = [2, 1];
const REPEATED = 2;
/** LZO is the only codec of the format that is not read; encodings are numbered without gaps up to this one. */
const [LZO, LAST_CODEC, LAST_ENCODING] = [3, 7, 9];

/**
 * How bytes of a footer are changed so that text is handed on as the bytes that it is: a reader that checks it gives up
 * at the first letter that is no UTF-8. Byte by byte, as they are written: a converted type, UTF8, and a logical one,
 * STRING, become BSON, which is bytes.
 */
const CONVERTED_UTF8 = { is: 0x00, becomes: 0x28 };
const LOGICAL_TEXT = { is: 0x1c, becomes: 0xdc };

/** A column that is not read, and why, as it goes on behind its name. */
export interface LostColumn {
  readonly name: string;
  readonly why: string;
}

export interface FooterFacts {
  /** Of those that are not nested. */
  readonly uuids: readonly string[];
  /** Of those that are not nested; their types in the footer now say bytes. */
  readonly texts: readonly string[];
  readonly lost: readonly LostColumn[];
}

/** @returns nothing found for a footer that cannot be understood, which then is as it was */
export function readFooter(footer: Uint8Array): FooterFacts {
  const elements: Element[] = [];
  const lost = new Map<string, string>();
  try {
    const reader = new CompactReader(footer);
    reader.struct((id, type) => {
      if (type !== WIRE.list || (id !== FILE_SCHEMA && id !== FILE_GROUPS)) return false;
      structs(reader, () => (id === FILE_SCHEMA ? void elements.push(schemaElement(reader)) : rowGroup(reader, lost)));
      return true;
    });
  } catch {
    return { uuids: [], texts: [], lost: [] };
  }
  const leaves = topLeaves(elements);
  const texts = leaves.filter(({ marks, isRepeated }) => marks.length > 0 && !isRepeated);
  for (const { at, becomes } of texts.flatMap(({ marks }) => marks)) footer[at] = becomes;
  return {
    uuids: leaves.flatMap(({ name, isUuid }) => (isUuid ? name : [])),
    texts: texts.map(({ name }) => name),
    lost: [...lost].map(([name, why]) => ({ name, why })),
  };
}

interface Element {
  name: string;
  children: number;
  isUuid: boolean;
  isRepeated: boolean;
  /** Where the footer says that it is text, and what is to stand there for bytes. */
  readonly marks: { readonly at: number; readonly becomes: number }[];
}

function structs(reader: CompactReader, read: () => void): void {
  reader.list((item) => {
    if (item !== WIRE.struct) return false;
    read();
    return true;
  });
}

function schemaElement(reader: CompactReader): Element {
  const element: Element = { name: '', children: 0, isUuid: false, isRepeated: false, marks: [] };
  reader.struct((id, type) => {
    if (id === ELEMENT_NAME && type === WIRE.binary) element.name = reader.text();
    else if (id === ELEMENT_CHILDREN && type === WIRE.i32) element.children = reader.integer();
    else if (id === ELEMENT_REPETITION && type === WIRE.i32) element.isRepeated = reader.integer() === REPEATED;
    else if (id === ELEMENT_CONVERTED && type === WIRE.i32) {
      const { at } = reader;
      if (reader.integer() === CONVERTED_UTF8.is && reader.at === at + 1)
        element.marks.push({ at, becomes: CONVERTED_UTF8.becomes });
    } else if (id === ELEMENT_LOGICAL && type === WIRE.struct) logicalType(reader, element);
    else return false;
    return true;
  });
  return element;
}

function logicalType(reader: CompactReader, element: Element): void {
  const { at } = reader;
  reader.struct((logical, type) => {
    if (logical === LOGICAL_UUID) element.isUuid = true;
    if (logical === LOGICAL_STRING && type === WIRE.struct && reader.at === at + 1)
      element.marks.push({ at, becomes: LOGICAL_TEXT.becomes });
    return false;
  });
}

function rowGroup(reader: CompactReader, lost: Map<string, string>): void {
  reader.struct((id, type) => {
    if (id !== GROUP_COLUMNS || type !== WIRE.list) return false;
    structs(reader, () => columnChunk(reader, lost));
    return true;
  });
}

function columnChunk(reader: CompactReader, lost: Map<string, string>): void {
  let name: string | undefined;
  let why: string | undefined;
  reader.struct((id, type) => {
    if (type !== WIRE.struct || (id !== CHUNK_METADATA && id !== CHUNK_CRYPTO)) return false;
    reader.struct((field, kind) => {
      if (id === CHUNK_CRYPTO) {
        why = 'is encrypted: write it without encryption';
        if (field !== CRYPTO_COLUMN_KEY || kind !== WIRE.struct) return false;
        reader.struct((inner, list) => {
          if (inner !== CRYPTO_PATH || list !== WIRE.list) return false;
          name = firstText(reader) ?? name;
          return true;
        });
        return true;
      }
      if (field === COLUMN_PATH && kind === WIRE.list) name = firstText(reader) ?? name;
      else if (field === COLUMN_CODEC && kind === WIRE.i32) why ??= codecFault(reader.integer());
      else if (field === COLUMN_ENCODINGS && kind === WIRE.list) why ??= encodingFault(reader);
      else return false;
      return true;
    });
    return true;
  });
  if (name !== undefined && why !== undefined) lost.set(name, why);
}

function firstText(reader: CompactReader): string | undefined {
  let first: string | undefined;
  reader.list((item) => {
    if (item !== WIRE.binary) return false;
    const text = reader.text();
    first ??= text;
    return true;
  });
  return first;
}

function codecFault(codec: number): string | undefined {
  if (codec === LZO) return 'is compressed with LZO, which is not read: write it with zstd or snappy';
  return codec > LAST_CODEC
    ? `is compressed in a way that is not known (codec ${codec}): write it with zstd`
    : undefined;
}

function encodingFault(reader: CompactReader): string | undefined {
  let odd: number | undefined;
  reader.list((item) => {
    if (item !== WIRE.i32) return false;
    const encoding = reader.integer();
    if (encoding > LAST_ENCODING) odd = encoding;
    return true;
  });
  return odd === undefined ? undefined : `is in an encoding that is not known (${odd}): write it with plain ones`;
}

/** Elements are in depth-first order, the root first. */
function topLeaves(elements: readonly Element[]): Element[] {
  const leaves: Element[] = [];
  for (let at = 1; at < elements.length; ) {
    const element = elements[at] as Element;
    if (element.children === 0) leaves.push(element);
    // Past all that is below it.
    for (let open = 1; open > 0 && at < elements.length; at += 1) open += (elements[at] as Element).children - 1;
  }
  return leaves;
}
