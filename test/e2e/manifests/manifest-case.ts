/** What a case of the table says: a list that people hold, what they type, and what has to come of it. */

/** The table that every writer of test/fixtures/manifests was given; see make.py there. */
export const URLS = [0, 1, 2, 3, 4, 5].map((i) => `http://${'abc'[i % 3]}.test/p/${i}.jpg`);
export const CAPTIONS = ['a cat', 'a "wet" dog, 5" high', "it's; one|two\tthree", 'two\nlines', 'Ünïcode café', null];
export const LABELS = ['Felis catus', 'Canis lupus', 'Gallus gallus', 'Bos taurus', 'Apis mellifera', 'Lasius niger'];
export const PLAIN = ['a cat', 'a dog', 'a hen', 'a cow', 'a bee', 'an ant'];
export const N = [0, 1, 2, 3, 4, 5];

export interface ManifestCase {
  readonly name: string;
  /** Of test/fixtures/manifests, or made of `files`; a folder or a pattern as well. */
  readonly input: string | readonly string[];
  /** Text that is no longer than its description. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly flags?: readonly string[];
  /** By column of the outcome table, in order of rows; null is none. Without URLs it has to be those of the table. */
  readonly rows?: Readonly<Record<string, readonly unknown[]>>;
  /** Parts of what is said at start, or of the error. */
  readonly says?: readonly (string | RegExp)[];
  /** Parts that must not be said. */
  readonly silent?: readonly (string | RegExp)[];
  /** By line: rows that could not be read, which are in `rows` as null. */
  readonly bad?: Readonly<Record<number, string | RegExp>>;
  /** Exit code; rows are looked at when it is 0. */
  readonly code?: number;
}

/** Columns of text of the table: as csv has them, numbers are text. */
export const TEXTS = { url: URLS, caption: CAPTIONS, label: LABELS, n: N.map(String) };
/** The same where the format has types. */
export const TYPED = { url: URLS, caption: CAPTIONS, label: LABELS, n: N };
export const SIMPLE = { url: URLS, caption: PLAIN, n: N };
export const SIMPLE_TEXTS = { ...SIMPLE, n: N.map(String) };
