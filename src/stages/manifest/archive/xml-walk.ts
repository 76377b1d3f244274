/** Walks through XML as it comes, without a tree of it. */
import { StringDecoder } from 'node:string_decoder';
import { SaxesParser } from 'saxes';
import { PackedError } from '../unpack/packed-error.ts';

export type XmlAttributes = Readonly<Record<string, string>>;

export interface XmlVisitor {
  open(name: string, attributes: XmlAttributes): void;
  /** @param text - what is in it; undefined where elements are in it */
  close?(name: string, text: string | undefined): void;
}

/** What has no tag for so long is no table. Chosen, as are the next two. */
const MAX_PIECE_BYTES = 16 * 1024 * 1024;
const MAX_ATTRIBUTES = 5000;
/** Elements within elements. */
const MAX_DEPTH = 100;

/**
 * Names are given without their prefix. Yields after every chunk. Entities other than those of XML itself are errors.
 * @param chunks - UTF-8
 * Errors: PackedError for what is no whole XML, or goes beyond the bounds; those of `chunks`.
 */
export async function* walkXml(chunks: AsyncIterable<Buffer>, visitor: XmlVisitor): AsyncGenerator<void, void> {
  const parser = new SaxesParser();
  const decoder = new StringDecoder('utf8');
  let [text, isLeaf, depth, attributeCount, sinceTag] = ['', false, 0, 0, 0];
  const add = (part: string): void => {
    if (depth > 0) text += part;
  };
  parser.on('error', ({ message }) => {
    throw /unclosed tag|must contain a root|unexpected end/i.test(message)
      ? new PackedError('cut off')
      : new PackedError(`what is no XML (${message})`);
  });
  parser.on('attribute', () => {
    attributeCount++;
    if (attributeCount > MAX_ATTRIBUTES)
      throw new PackedError(`over ${MAX_ATTRIBUTES} attributes in a tag`, 'too large');
  });
  parser.on('opentag', ({ name, attributes }) => {
    [text, isLeaf, attributeCount, sinceTag] = ['', true, 0, 0];
    depth++;
    if (depth > MAX_DEPTH) throw new PackedError(`over ${MAX_DEPTH} elements within each other`, 'too large');
    visitor.open(localName(name), attributes as XmlAttributes);
  });
  parser.on('text', add);
  parser.on('cdata', add);
  parser.on('closetag', ({ name }) => {
    visitor.close?.(localName(name), isLeaf ? text : undefined);
    [text, isLeaf, sinceTag] = ['', false, 0];
    depth--;
  });
  for await (const chunk of chunks) {
    sinceTag += chunk.length;
    parser.write(decoder.write(chunk));
    if (sinceTag > MAX_PIECE_BYTES) throw new PackedError('over 16 MiB without a tag', 'too large');
    yield;
  }
  parser.write(decoder.end());
  parser.close();
}

/** All of it, for what is small. */
export async function readXml(chunks: AsyncIterable<Buffer> | undefined, visitor: XmlVisitor): Promise<void> {
  if (chunks !== undefined) for await (const _ of walkXml(chunks, visitor));
}

/** Of a name with a prefix. */
export function localName(name: string): string {
  return name.slice(name.lastIndexOf(':') + 1);
}
