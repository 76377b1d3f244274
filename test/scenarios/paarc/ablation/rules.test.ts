import { expect, it } from 'vitest';
import { lawText } from './rule.ts';
import { RULES } from './rules.ts';

it('every rule that `npm run ablate` takes out is in the law, once', () => {
  const lost = RULES.flatMap(({ words, edits }) =>
    edits.filter(({ file, text }) => lawText(file).split(text).length !== 2).map(({ file }) => `${words} (${file})`),
  );
  expect(lost).toEqual([]);
});
