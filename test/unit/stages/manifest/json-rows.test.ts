import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonRows } from '../../../../src/stages/manifest/json-rows.ts';
import { rowsOf } from './collect-rows.ts';

const A = 'https://a.example.org/1.jpg';
const B = 'https://b.example.org/2.jpg';

/** Rows of a text that comes in chunks of the given bytes, and what it failed with after them. */
async function read(text: string | Buffer, chunkBytes = 65_536, isLive = false) {
  const bytes = Buffer.from(text as string);
  const chunks = (async function* () {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  })();
  const rows: Record<string, unknown>[] = [];
  try {
    for await (const batch of jsonRows({ name: 'm', chunks, isLive, warn: () => {} })) rows.push(...rowsOf(batch));
    return { rows, error: undefined };
  } catch (error) {
    return { rows, error: error as Error };
  }
}

/** What a cell is for a value: text as it is, nothing for nothing, JSON for everything else. */
function cell(value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
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
        fc.integer({ min: 1, max: 40 }),
        async (given, shape, chunkBytes) => {
          const { rows, error } = await read(shape(given.map((row) => JSON.stringify(row))), chunkBytes);
          expect(error).toBeUndefined();
          expect(rows).toEqual(
            given.map((row) => Object.fromEntries(Object.entries(row).map(([key, of]) => [key, cell(of)]))),
          );
        },
      ),
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
      const rows = jsonRows({ name: 'm', chunks, isLive: true, warn: () => {} });
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
    for (const chunkBytes of [1, 30, 1000]) {
      const { rows, error } = await read(text, chunkBytes);
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
      for await (const batch of jsonRows({ name: 'm', chunks, isLive: false, warn: () => {} }))
        rows.push(...rowsOf(batch));
    })();
    await expect(reading).rejects.toMatchObject({
      code: 'FDC_ERR_MANIFEST_CORRUPT',
      message: expect.stringMatching(/over 16 MiB/),
    });
    expect(rows).toEqual([{ url: A }]);
    expect(mebibytes).toBeLessThan(20);
  });
});
