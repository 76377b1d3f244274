import { describe, expect, it } from 'vitest';
import { inferredKind, type JsonForm, SeenValues, textTypes } from '../../../../src/stages/manifest/column-kinds.ts';

function seen(...values: [JsonForm, string][]): SeenValues {
  const found = new SeenValues();
  for (const [form, text] of values) found.add(form, text);
  return found;
}

describe('what a column of JSON is, by its first values', () => {
  it.each<[string, [JsonForm, string][]]>([
    ['empty', []],
    [
      'int',
      [
        ['number', '0'],
        ['number', '-9223372036854775808'],
        ['number', '9223372036854775807'],
      ],
    ],
    [
      'float',
      [
        ['number', '1'],
        ['number', '0.5'],
        ['number', '1e3'],
      ],
    ],
    [
      'bool',
      [
        ['bool', 'true'],
        ['bool', 'false'],
      ],
    ],
    [
      'json',
      [
        ['nested', '{"a":1}'],
        ['nested', '[]'],
      ],
    ],
    [
      'json',
      [
        ['number', '1'],
        ['number', '9223372036854775808'],
      ],
    ],
    [
      'json',
      [
        ['number', '9007199254740993'],
        ['number', '0.5'],
      ],
    ],
    [
      'json',
      [
        ['number', '1'],
        ['bool', 'true'],
      ],
    ],
    ['text', [['string', '1']]],
    [
      'text',
      [
        ['number', '1'],
        ['string', 'n/a'],
      ],
    ],
    [
      'text',
      [
        ['nested', '[1]'],
        ['string', ''],
      ],
    ],
  ])('%s of %j', (kind, values) => {
    expect(seen(...values).kind).toBe(kind);
  });

  it('is JSON by a first value that is no text, so that whatever follows can be kept', () => {
    const kinds = [seen(), seen(['string', 'a']), seen(['number', '1']), seen(['nested', '[]'])];
    expect(kinds.map(({ kindOfFirst }) => kindOfFirst)).toEqual(['text', 'text', 'json', 'json']);
    expect(textTypes({ jsonTypes: true, inferTypes: false }, true)).toMatchObject({
      json: 'first row',
      csv: 'nothing',
    });
  });
});

describe('what a column of csv is taken for', () => {
  it.each([
    ['int', ['1', null, '-20', '0']],
    ['int', ['123456789012345678']],
    ['float', ['1', '2.50', '-0.1']],
    ['bool', ['true', 'FALSE', 'True']],
    ['empty', [null, null]],
    ['text', ['1', '007']],
    ['text', ['1e5']],
    ['text', ['1', 'n/a']],
    ['text', ['+1']],
    ['text', ['1234567890123456789']],
    ['text', ['0.12345678901234567']],
    ['text', ['1', 'true']],
    ['text', ['2024-01-02']],
    ['text', ['1,000']],
    ['text', [' 1']],
    ['text', ['-0']],
    ['text', ['NaN', 'inf']],
  ])('%s of %j', (kind, cells) => {
    expect(inferredKind(cells)).toBe(kind);
  });
});
