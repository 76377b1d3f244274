/** How the rows of a manifest are made of its files' rows. Plain data: found once, it is used for every reading. */
import type { UrlTemplate } from './url-template.ts';

export interface Shape {
  /** The column with the URLs, as it is called in the rows that are handed on. */
  readonly url: string;
  /** Columns that files lack, in the order in which they can be made. */
  readonly made: readonly MadeColumn[];
  readonly explosion?: Explosion | undefined;
}

/** A row for each item of a list. */
export interface Explosion {
  /** The column that holds it, and where. */
  readonly root: string;
  readonly steps: readonly string[];
  /** The column holds the items as text from here on; otherwise its JSON, with the item in place of the list. */
  readonly isText: boolean;
  /** What the column of the items' positions is called. */
  readonly index: string;
}

export type MadeColumn =
  /** A place within another column. */
  | { readonly kind: 'path'; readonly name: string; readonly root: string; readonly steps: readonly string[] }
  | { readonly kind: 'template'; readonly name: string; readonly template: UrlTemplate }
  /** Where a column is empty, what stands in the first of others that is not. */
  | { readonly kind: 'first'; readonly name: string; readonly others: readonly string[] }
  /** The key of a row of which there are several now, made different for each. */
  | { readonly kind: 'key'; readonly name: string; readonly of: string };

/** The columns of files that columns of rows are made of. @param columns - of rows */
export function sourcesOf(shape: Shape, columns: readonly string[]): string[] {
  const wanted = new Set(columns);
  // Those that others are made of come before them.
  for (const made of shape.made.toReversed()) {
    if (!wanted.has(made.name)) continue;
    if (made.kind !== 'first') wanted.delete(made.name);
    for (const source of partsOf(made)) wanted.add(source);
  }
  if (shape.explosion !== undefined) wanted.add(shape.explosion.root).delete(shape.explosion.index);
  return [...wanted];
}

function partsOf(made: MadeColumn): readonly string[] {
  switch (made.kind) {
    case 'path':
      return [made.root];
    case 'template':
      return made.template.flatMap((part) => (typeof part === 'string' ? [] : [part.column]));
    case 'first':
      return made.others;
    case 'key':
      return [made.of];
  }
}

/** The column of a file where a row that cannot be read bears why. */
export function bearerOf({ url, made, explosion }: Shape): string {
  if (explosion !== undefined) return explosion.root;
  const own = made.find(({ name, kind }) => name === url && kind !== 'first');
  const first = own && partsOf(own)[0];
  // What a template names may be a place itself.
  const inner = made.find(({ name }) => name === first);
  return (inner && partsOf(inner)[0]) ?? first ?? url;
}
