/**
 * Text as it stands in what others may read: its URLs without user and password and, where that is asked for, without
 * their query, which may be a signature. Only what is published is changed; requests are not.
 */
import { Data, DataType, makeData, Vector } from 'apache-arrow';
import { utf8Column } from '../arrow/columns.ts';
import { textColumn } from '../arrow/text.ts';
import { withoutQueries, withoutSecrets, withoutUsers } from '../without-secrets.ts';

export interface PublishRules {
  /** User and password in URLs stay. */
  readonly keepCredentials: boolean;
  /** Queries of URLs go. */
  readonly redactQuery: boolean;
}

/** A text of a manifest or a reply as it is published; what holds no URL is passed on. */
export type Publish = (text: string) => string;

export const DEFAULT_RULES: PublishRules = { keepCredentials: false, redactQuery: false };

export function publisher({ keepCredentials, redactQuery }: PublishRules): Publish {
  if (keepCredentials) return redactQuery ? withoutQueries : (text) => text;
  return redactQuery ? withoutSecrets : withoutUsers;
}

/**
 * A column of a manifest with every cell published, of the same type; the column itself where nothing changes.
 * @param isUrls - whether it is known to hold URLs: bytes are looked at then, as old writers leave strings unmarked
 */
export function publishedColumn(data: Data, publish: Publish, isUrls: boolean): Data {
  const { type } = data;
  if (DataType.isDictionary(type)) return publishedDictionary(data, publish, isUrls);
  const isText = DataType.isUtf8(type) || DataType.isLargeUtf8(type);
  const isBytes = DataType.isBinary(type) || DataType.isLargeBinary(type);
  if (!(isText || (isBytes && isUrls)) || !mayChange(data)) return data;
  const before = textColumn(data);
  const after = before.map((text) => (text === null ? null : publish(text)));
  if (after.every((text, row) => text === before[row])) return data;
  const column = utf8Column(after);
  if (DataType.isUtf8(type)) return column;
  const { length, nullCount, nullBitmap, valueOffsets: offsets, values } = column;
  const isLarge = DataType.isLargeUtf8(type) || DataType.isLargeBinary(type);
  const valueOffsets = isLarge ? BigInt64Array.from(offsets, BigInt) : offsets;
  // biome-ignore lint/suspicious/noExplicitAny: makeData has an overload per type, and this is four of them
  return makeData({ type, length, nullCount, nullBitmap, valueOffsets, data: values } as any) as Data;
}

function publishedDictionary(data: Data, publish: Publish, isUrls: boolean): Data {
  const words = (data.dictionary as Vector).data;
  const published = words.map((chunk) => publishedColumn(chunk, publish, isUrls));
  if (published.every((chunk, index) => chunk === words[index])) return data;
  const { type, offset, length, nullCount, buffers, children } = data;
  return new Data(type, offset, length, nullCount, buffers, children, new Vector(published));
}

/** Cheap: a column without any of the characters that matter is not decoded. */
function mayChange({ values, valueOffsets: offsets, length }: Data): boolean {
  if (length === 0) return false;
  const [from, to] = [Number(offsets[0]), Number(offsets[length])];
  const bytes = Buffer.from(values.buffer, values.byteOffset + from, to - from);
  return bytes.includes('@') || bytes.includes('?');
}
