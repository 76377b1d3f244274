import { StringDecoder } from 'node:string_decoder';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonRowParser } from '../../../../src/stages/manifest/json-row-parser.ts';
import { jsonRows } from '../../../../src/stages/manifest/json-rows.ts';
import { rowsOf } from './collect-rows.ts';

const A = 'https://a.example.org/1.jpg';
const B = 'https://b.example.org/2.jpg';
const maxRecordBytes = 16 * 1024 * 1024;

/** Rows of a text that comes in chunks of the given bytes, and what it failed with after them. */
async function read(text: string | Buffer, chunkBytes = 65_536, isLive = false) {
  const bytes = Buffer.from(text as string);
  const chunks = (async function* () {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  })();
  const rows: Record<string, unknown>[] = [];
  try {
    for await (const batch of jsonRows({ name: 'm', chunks, isLive, maxRecordBytes, warn: () => {} }))
      rows.push(...rowsOf(batch));
    return { rows, error: undefined };
  } catch (error) {
    return { rows, error: error as Error };
  }
}

/** What a cell is for a value: text as it is, nothing for nothing, JSON for everything else. */
function cell(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const word = fc.stringMatching(/^"([a-z é🦋,:{}]|\\[nrtbf"\\/]|\\u00e9|\\ud83e|\\udd8b){0,6}"$/u);
const number = fc.constantFrom('1', '-0', '1.50', '1e5', '-2.5E-3', '0', '123456789012345678901');
const plainValue = fc.oneof(word, number, fc.constantFrom('true', 'false', 'null', '""'));
const oddValue = fc.constantFrom(
  '01',
  '1.',
  '-',
  'tru',
  'nullx',
  '[1]',
  '{"x":1}',
  '"\t"',
  '"\\x"',
  '"\\u12"',
  '1e',
  '.5',
  '[]',
);
const space = fc.constantFrom('', '', '', ' ', '\n', '\r\n', '\t');
const member = fc
  .tuple(space, fc.constantFrom('"a"', '"b"', '"n\\"{"', '"é"', '"late"'), space, plainValue, space)
  .map(([before, key, between, value, after]) => `${before}${key}${between}:${value}${after}`);
const row = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(plainValue, plainValue).map(([a, b]) => `{"a":${a},"b":${b}}`) },
  { weight: 3, arbitrary: fc.array(member, { maxLength: 4 }).map((members) => `{${members.join(',')}}`) },
  { weight: 1, arbitrary: oddValue.map((value) => `{"a":${value}}`) },
);
const ROW_OF_ALL = '{"a":"1","b":2,"n\\"{":null,"é":""}';

/** Rows, and things between them that sometimes do not belong there; the first row has all columns. */
const oddText = fc
  .record({
    frame: fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom(['', '\n', ''], ['', '', ''], ['[', ',', ']'], ['[\n', ' ,\n', '\n]\n']),
      },
      { weight: 1, arbitrary: fc.constantFrom(['[', '7', ']'], ['[', '\n', ']'], ['[\n', ',\n', ''], ['', ',', '']) },
    ),
    rows: fc.array(fc.tuple(row, fc.oneof({ weight: 9, arbitrary: fc.constant('') }, fc.constantFrom(...',][}{7é ')))),
    bad: fc.option(fc.tuple(fc.nat(), fc.constantFrom(0xff, 0xe2, 0x22, 0x7d, 0x5c)), { freq: 4 }),
  })
  .map(({ frame: [open, between, close], rows, bad }) => {
    const text = `${between}${rows.map((parts) => parts.join('')).join(between as string)}${close}`;
    const rest = Buffer.from(rows.length === 0 ? (close as string) : text);
    const at = bad === null ? 0 : bad[0] % (rest.length + 1);
    const odd = Buffer.from(bad === null ? [] : [bad[1]]);
    return {
      start: Buffer.from(open + ROW_OF_ALL),
      rest: Buffer.concat([rest.subarray(0, at), odd, rest.subarray(at)]),
    };
  });

async function readLive(chunks: readonly Buffer[]) {
  const source = (async function* () {
    yield* chunks;
  })();
  const rows: unknown[] = [];
  try {
    for await (const batch of jsonRows({ name: 'm', chunks: source, isLive: true, maxRecordBytes, warn: () => {} }))
      rows.push(...rowsOf(batch));
  } catch (error) {
    return { rows, message: (error as Error).message };
  }
  return { rows, message: '' };
}

/** The same by the parser alone. */
function parsed(chunks: readonly Buffer[]) {
  const rows: unknown[] = [];
  const parser = new JsonRowParser('m', maxRecordBytes, (members) => {
    // Text as it comes back from a column: half a surrogate pair is none.
    const values = ['a', 'b', 'n"{', 'é'].map((name) => {
      const text = members.get(name)?.text;
      return [name, text === undefined ? null : Buffer.from(text).toString()];
    });
    rows.push(Object.fromEntries(values));
  });
  const decoder = new StringDecoder();
  try {
    for (const chunk of chunks) parser.write(decoder.write(chunk));
    parser.write(decoder.end());
    parser.end();
  } catch (error) {
    return { rows, message: (error as Error).message };
  }
  return { rows, message: '' };
}

describe('JSON rows', () => {
  it('are the same wherever chunks end, in an array, one per line, or one after the other', async () => {
    const value = fc.jsonValue({
      maxDepth: 3,

      stringUnit: fc.constantFrom('a', '"', '\\', '}', '"},', '🦋', '\n', ''),
    });
    const rowsToWrite = fc.array(fc.record({ url: fc.constant(A), note: value, 'n"{': value }), {
      minLength: 1,
      maxLength: 5,
    });
    const shapes = [
      (rows: string[]) => `[${rows.join(',')}]`,
      (rows: string[]) => `\ufeff [\n${rows.join(' ,\n')}\n]\n`,
      (rows: string[]) => rows.join('\n'),
      (rows: string[]) => `${rows.join('')}\r\n`,
    ];
    await fc.assert(
      fc.asyncProperty(
        rowsToWrite,
        fc.constantFrom(...shapes),
        fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 60, max: 400 })),
        fc.boolean(),
        async (given, shape, chunkBytes, isLive) => {
          const { rows, error } = await read(shape(given.map((row) => JSON.stringify(row))), chunkBytes, isLive);
          expect(error).toBeUndefined();
          expect(rows).toEqual(
            given.map((row) => Object.fromEntries(Object.entries(row).map(([key, of]) => [key, cell(of)]))),
          );
        },
      ),
    );
  });

  it('are those that the parser finds, and end where it does, whatever is wrong in between', async () => {
    await fc.assert(
      fc.asyncProperty(oddText, fc.array(fc.nat(), { maxLength: 6 }), async ({ start, rest }, cuts) => {
        const ends = [...cuts.map((cut) => cut % (rest.length + 1)), rest.length].sort((a, b) => a - b);
        const chunks = [start, ...ends.map((end, i) => rest.subarray(ends[i - 1] ?? 0, end))];
        expect(await readLive(chunks)).toEqual(parsed(chunks));
      }),
      { numRuns: 500 },
    );
  });

  it('keep the digits of their numbers, nested ones too, and lose the white space of nested values', async () => {
    const row = `{"url":"${A}","id":12345678901234567890,"score":-1.50E+2, "tags":[1, 1.0, {"a" : 1e400}],"ok":false}`;
    for (const chunkBytes of [1, 7, 1000]) {
      expect((await read(row, chunkBytes)).rows).toEqual([
        { url: A, id: '12345678901234567890', score: '-1.50E+2', tags: '[1,1.0,{"a":1e400}]', ok: 'false' },
      ]);
    }
  });

  it('are handed on before the next chunk comes', async () => {
    for (const pieces of [
      [`{"url":"${A}"}`, `{"url":"${B}"}`],
      [`["${A}"`, `,"${B}"]`],
    ]) {
      const asked: number[] = [];
      const chunks = (async function* () {
        for (const [i, piece] of pieces.entries()) {
          asked.push(i);
          yield Buffer.from(piece);
        }
      })();
      const rows = jsonRows({ name: 'm', chunks, isLive: true, maxRecordBytes, warn: () => {} });
      const first = await rows.next();
      expect(first.done ? [] : rowsOf(first.value)).toEqual([{ url: A }]);
      expect(asked).toEqual([0]);
      await rows.return();
    }
  });

  it.each([
    ['no member name', `{"url":"${A}"} {"url":"${B}"}\n\n {1}`, /m, line 3: not valid JSON \(expected an object key\)/],
    ['no comma', `[{"url":"${A}"},\n{"url":"${B}"}\n{"url":"${A}"}]`, /line 3: not valid JSON/],
    ['a bad string between good ones', `["${A}","${B}",\n"\t","${A}"]`, /line 2: not valid JSON/],
    ['a bracket too many', `[{"url":"${A}"},{"url":"${B}"}]]`, /line 1: not valid JSON/],
    ['no bracket at the end', `[{"url":"${A}"},\n{"url":"${B}"},\n{"url":"${A}"}`, /line 3: the array is never closed/],
    ['a number for a row', `["${A}","${B}",\n17]`, /line 2: expected an object per row, found 17/],
    [
      'an array for a row',
      `{"url":"${A}"}{"url":"${B}"}\n{"url":[1]}[[2]]`,
      /line 2: expected an object per row, found \[/,
    ],
    ['a word that is cut off', `{"url":"${A}"}{"url":"${B}"}\ntru`, /line 2: not valid JSON/],
    ['text outside of rows that is cut off', `{"url":"${A}"}\n{"url":"${B}"}\n"abc`, /line 3: not valid JSON/],
    [
      'an end in a nested value',
      `[{"url":"${A}"},{"url":"${B}"},\n{"tags":[1,\n`,
      /line 2: the text ends in the middle of a row/,
    ],
  ])('before %s are all there, and the line is said', async (_what, text, message) => {
    for (const [chunkBytes, isLive] of [
      [1, false],
      [30, false],
      [30, true],
      [45, true],
      [1000, false],
    ] as const) {
      const { rows, error } = await read(text, chunkBytes, isLive);
      expect(rows.slice(0, 2)).toEqual([{ url: A }, { url: B }]);
      expect(error).toMatchObject({ code: 'FDC_ERR_MANIFEST_CORRUPT', message: expect.stringMatching(message) });
    }
  });

  it('may be more than 16 MiB together', async () => {
    const note = 'x'.repeat(2 ** 20);
    expect((await read(JSON.stringify(Array.from({ length: 18 }, () => ({ url: A, note }))))).rows).toHaveLength(18);
  });

  it.each([
    ['bracket', `{"url":"${A}"}{"url":["a",`, (text: string) => `"${text}",`],
    ['quote', `{"url":"${A}"}{"url":"`, (text: string) => text],
    ['quote of a list', `["${A}","`, (text: string) => text],
  ])('end at a %s that is never closed, however long the rest is', async (_what, start, more) => {
    let mebibytes = 0;
    const chunks = (async function* () {
      yield Buffer.from(start);
      for (; mebibytes < 1000; mebibytes++) yield Buffer.from(more('no bracket here '.repeat(65_536)));
    })();
    const rows: Record<string, unknown>[] = [];
    const reading = (async () => {
      for await (const batch of jsonRows({ name: 'm', chunks, isLive: false, maxRecordBytes, warn: () => {} }))
        rows.push(...rowsOf(batch));
    })();
    await expect(reading).rejects.toMatchObject({
      code: 'FDC_ERR_MANIFEST_CORRUPT',
      message: expect.stringMatching(/over 16777216 bytes/),
    });
    expect(rows).toEqual([{ url: A }]);
    expect(mebibytes).toBeLessThan(20);
  });
});
