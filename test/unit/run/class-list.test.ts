import { describe, expect, it } from 'vitest';
import { classList } from '../../../src/run/class-list.ts';

describe('a file of classes', () => {
  it('has one per line, or is JSON, as a dataset has it', () => {
    expect(classList('\ufeffcat\r\nbig dog\r\n\r\n007\n')).toEqual(['cat', 'big dog', '007']);
    expect(classList('["cat", "dog"]')).toEqual(['cat', 'dog']);
    expect(classList('[{"index":0,"label":"cat","count":1},{"index":1,"label":"dog"}]')).toEqual(['cat', 'dog']);
  });

  it.each([
    ['', /names no class/],
    ['a\nb\na\n', /"a" twice/],
    ['[1]', /list of names/],
    ['["a"', /JSON/],
  ])('is refused when it is %j', (text, problem) => {
    expect(() => classList(text)).toThrow(problem);
  });
});
