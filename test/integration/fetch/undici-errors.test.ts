import { errors } from 'undici';
import { expect, it } from 'vitest';
import { UNDICI_ERRORS } from '../../../src/stages/fetch/reply/library-errors.ts';

it('every error that undici may raise has a meaning here, by its code', () => {
  const classes = Object.values(errors as Record<string, new (...args: unknown[]) => { code?: string }>);
  const codes = classes.map((Class) => new Class('', 0, { statusCode: 500 }).code ?? 'a parser error has none');
  expect([...new Set(codes.filter((code) => code.startsWith('UND_')))].sort()).toEqual(
    Object.keys(UNDICI_ERRORS).sort(),
  );
});
