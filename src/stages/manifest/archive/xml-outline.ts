/** Where the rows of an XML file are, where they are not the children of its root. */
import { PackedError } from '../unpack/packed-error.ts';
import { walkXml, type XmlAttributes, type XmlVisitor } from './xml-walk.ts';

/** Levels that are looked at. */
const MAX_LEVELS = 4;

/**
 * Names of elements from below the root down to the rows: the outermost ones that are there several times, with
 * something in them, as in `<rss><channel><title/><item/><item/></channel></rss>`.
 * @param head - UTF-8, of which the end may be missing
 * @returns nothing for the children of the root
 */
export async function rowPath(head: AsyncIterable<Buffer>): Promise<readonly string[]> {
  const outline = new Outline();
  try {
    for await (const _ of walkXml(head, outline));
  } catch (error) {
    // What is wrong with it shows when it is read.
    if (!(error instanceof PackedError)) throw error;
  }
  return outline.rows();
}

interface Kind {
  readonly path: readonly string[];
  count: number;
  /** Has attributes, or elements in it. */
  isRow: boolean;
}

class Outline implements XmlVisitor {
  readonly #path: string[] = [];
  readonly #kinds = new Map<string, Kind>();

  open(name: string, attributes: XmlAttributes): void {
    this.#path.push(name);
    const level = this.#path.length - 1;
    const outer = this.#kinds.get(this.#path.slice(1, -1).join('/'));
    if (outer !== undefined) outer.isRow = true;
    if (level < 1 || level > MAX_LEVELS) return;
    const path = this.#path.slice(1);
    const kind = this.#kinds.get(path.join('/')) ?? { path, count: 0, isRow: false };
    kind.count++;
    if (Object.keys(attributes).length > 0) kind.isRow = true;
    this.#kinds.set(path.join('/'), kind);
  }

  close(): void {
    this.#path.pop();
  }

  rows(): readonly string[] {
    const several = [...this.#kinds.values()].filter(({ count }) => count > 1);
    const level = Math.min(...several.map(({ path }) => path.length));
    const rows = several.filter(({ path, isRow }) => path.length === level && isRow);
    if (level === 1 || rows.length === 0) return [];
    return rows.reduce((most, other) => (other.count > most.count ? other : most)).path;
  }
}
