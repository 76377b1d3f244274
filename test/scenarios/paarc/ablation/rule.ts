/** A rule of PAARC, and what becomes of the law without it. */
import { readFileSync } from 'node:fs';

/** What stands in a file of src/paarc, once, and what stands there without the rule. */
export interface Edit {
  readonly file: string;
  readonly text: string;
  readonly without: string;
}

export interface Rule {
  readonly words: string;
  readonly edits: readonly Edit[];
}

/** A rule by its edits. */
export const rule = (
  words: string,
  ...edits: readonly (readonly [file: string, text: string, without: string])[]
): Rule => ({
  words,
  edits: edits.map(([file, text, without]) => ({ file: `${file}.ts`, text, without })),
});

/** The text of a file of src/paarc. */
export function lawText(file: string): string {
  return readFileSync(new URL(`../../../../src/paarc/${file}`, import.meta.url), 'utf8');
}
