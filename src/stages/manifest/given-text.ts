/** What the configuration says of text. */
import type { ManifestSettings } from '../../config/types.ts';
import type { GivenText } from './detect-format.ts';

export function givenText({ delimiter, quote, columnNames, ...rest }: ManifestSettings): GivenText {
  const { encoding, escapes, skipLines, rowsAt } = rest;
  return {
    delimiter: named(delimiter),
    quote: named(quote),
    escapes,
    skipLines,
    encoding,
    columns: columnNames,
    rowsAt,
  };
}

/** Letters that a shell makes hard to write have names. */
const LETTERS: Readonly<Record<string, string>> = {
  ...{ comma: ',', semicolon: ';', tab: '\t', '\\t': '\t', pipe: '|', space: ' ', none: '' },
  ...{ double: '"', single: "'" },
};

function named(letter: string | undefined): string | undefined {
  return letter === undefined ? undefined : (LETTERS[letter] ?? letter);
}
