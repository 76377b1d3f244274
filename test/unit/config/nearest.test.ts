import { expect, it } from 'vitest';
import { nearest } from '../../../src/config/nearest.ts';

it.each([
  ['ouput', 'output'],
  ['otuput', 'output'],
  ['OUTPUT-FORMAT', 'output_format'],
  ['outputformat', 'output_format'],
  ['xyz', undefined],
])('takes %s for %s', (given, name) => {
  expect(nearest(given, ['input', 'output', 'output_format', 'mu'])).toBe(name);
});
