import { describe, expect, it } from 'vitest';
import type { OpenUnit } from '../../../../src/record.ts';
import { createSink } from '../../../../src/stages/sink/sink.ts';
import { resultsOf, type TestUnit, unitOf } from '../../../support/sink-units.ts';
import { releases, run } from './memory-sink.ts';

const fail = (): never => {
  throw new Error('of the caller');
};
const record = { rows: 2, stored: 2, failed: 0, skipped: 0, bytes: 10 };
const writer = { write: async () => {}, commit: async () => record, abort: async () => {} };

/** Write one unit of two rows with a sink that no type checker has seen. */
async function outcomeOf(
  open: (unit: OpenUnit) => unknown,
): Promise<{ unit: TestUnit; released: number[]; error?: unknown }> {
  const unit = unitOf({ rows: 2 });
  const results = resultsOf(unit);
  const error: unknown = await run(results, { open } as never).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { unit, released: releases(results), error };
}

describe('a sink that is none', () => {
  it.each([[{}], [null], [undefined], [5], [{ open: 'x' }], [{ openGathering: 1 }]])(
    '%j is refused as it is made',
    (sink) => {
      expect(() => createSink(sink as never)).toThrow(expect.objectContaining({ code: 'FDC_ERR_CONFIG_INVALID' }));
    },
  );
});

describe('a writer that is none', () => {
  it.each([
    ['a number', 5],
    ['null', null],
    ['nothing', undefined],
    ['an object without write', { ...writer, write: undefined }],
    ['an object without commit', { ...writer, commit: 5 }],
    ['an object without abort', { ...writer, abort: undefined }],
  ])('%s ends the stream and says what is missing', async (_, given) => {
    for (const open of [() => given, async () => given]) {
      const { error, released } = await outcomeOf(open);
      expect(error).toMatchObject({ code: 'FDC_ERR_SINK_PROTOCOL', message: expect.stringMatching(/open\(\)|abort/) });
      expect(released.every((times) => times <= 1)).toBe(true);
    }
  });
});

describe('a writer whose abort fails', () => {
  it.each([
    ['by throwing', { abort: fail }],
    ['by rejecting', { abort: async () => fail() }],
    [
      'by throwing null',
      {
        abort: () => {
          throw null;
        },
      },
    ],
    ['by returning nothing', { abort: () => undefined }],
    ['in its getter', Object.defineProperty({}, 'abort', { get: fail, enumerable: true })],
  ])('%s still gives the unit back with what went wrong', async (_, broken) => {
    const bad = Object.defineProperties({ ...writer, write: fail }, Object.getOwnPropertyDescriptors(broken));
    const { unit, error, released } = await outcomeOf(() => bad);
    expect(error).toBeUndefined();
    expect(unit.calls).toEqual(['fail: of the caller']);
    expect(released).toEqual([1, 1]);
  });
});

describe('what a commit says', () => {
  it.each([
    [undefined],
    [null],
    [{}],
    [5],
    [{ ...record, stored: 'x' }],
    [{ ...record, bytes: Number.NaN }],
    [{ ...record, failed: -1 }],
  ])('%j is no record, and nothing is counted', async (said) => {
    const unit = unitOf({ rows: 2 });
    const sink = { open: () => ({ ...writer, commit: () => said }) };
    const { error } = await outcomeOf(sink.open);
    expect(error).toMatchObject({ code: 'FDC_ERR_SINK_PROTOCOL', message: expect.stringContaining('commit()') });
    expect(unit.calls).toEqual([]);
  });

  it.each([null, undefined, 'a text', Object.create(null)])(
    'thrown %o gives the unit back with an error',
    async (thrown) => {
      const commit = (): never => {
        throw thrown;
      };
      const { unit } = await outcomeOf(() => ({ ...writer, commit }));
      expect(unit.calls).toEqual([expect.stringMatching(/^fail: .*thrown/)]);
    },
  );
});
