import { describe, expect, it } from 'vitest';
import { float64Column, utf8Column } from '../../../src/arrow/columns.ts';
import { jsonReader } from '../../../src/arrow/json-value.ts';
import { jsonTextColumn, kindMetadata, plainTexts, type TextKind, typedText } from '../../../src/arrow/typed-text.ts';

function valuesOf(kind: TextKind, texts: (string | null)[]) {
  const { data, firstMisfit } = typedText(utf8Column(texts), kind);
  const read = jsonReader(data);
  return { type: String(data.type), values: texts.map((_, row) => read(row)), firstMisfit };
}

describe('text as values', () => {
  it('integers are exact over 64 bits, and what is none is null and found', () => {
    const texts = ['0', '-1', '4294967296', '-4294967297', '9007199254740993', '-9223372036854775808', null, '5.0'];
    expect(valuesOf('int', texts)).toEqual({
      type: 'Int64',
      values: [...texts.slice(0, 7), '5'],
      firstMisfit: -1,
    });
    expect(valuesOf('int', ['1', '1.5', 'x', '9223372036854775808'])).toMatchObject({
      values: ['1', null, null, null],
      firstMisfit: 1,
    });
  });

  it('numbers and words are what JSON calls so', () => {
    const { values, firstMisfit } = valuesOf('float', ['1', '-2.5e-3', '0x1', '1e999', '', null]);
    expect(values.slice(0, 4)).toEqual([1, -0.0025, null, null]);
    expect(firstMisfit).toBe(2);
    expect(valuesOf('bool', ['true', 'False', null, '1'])).toMatchObject({
      values: [true, false, null, null],
      firstMisfit: 3,
    });
  });

  it('any column can be JSON text, and its strings be read as they are', () => {
    const texts = jsonTextColumn(utf8Column(['a "b"', null]));
    expect(plainTexts(texts, { metadata: new Map() })).toEqual(['"a \\"b\\""', null]);
    expect(plainTexts(texts, { metadata: kindMetadata('json') })).toEqual(['a "b"', null]);
    expect(plainTexts(jsonTextColumn(float64Column([1.5])), { metadata: kindMetadata('json') })).toEqual(['1.5']);
  });
});
