import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { FixedLimit, type Limit } from '../../../src/paarc/limit.ts';
import { fetchRows } from '../../../src/stages/fetch/fetch-rows.ts';
import { fetchUnits } from '../../../src/stages/fetch/fetch-units.ts';
import { serving } from './fetching.ts';

/** Fetch three rows with callbacks that no type checker has seen. @returns codes of the rows, or the error */
async function outcomeWith(callbacks: Record<string, unknown>): Promise<(string | undefined)[] | string> {
  const origin = await serving({ 'moved.test': [{ kind: 'redirect', to: 'other-host' }] });
  const codes: (string | undefined)[] = [];
  const collect = new Writable({
    objectMode: true,
    write(result: { code?: string }, _encoding, done) {
      codes.push(result.code);
      done();
    },
  });
  const options = {
    url: (row: { url: string }) => row.url,
    connectTo: [origin.connectTo],
    timeoutMs: 2000,
    maxAttempts: 1,
    ...callbacks,
  };
  const rows = ['h.test', 'moved.test', 'i.test'].map((host) => ({ url: `http://${host}/a.jpg` }));
  try {
    await pipeline(Readable.from(rows), fetchRows(options as never), collect);
    return codes;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('whatever a function for the URL returns', () => {
  it.each([
    ['null', null],
    ['undefined', undefined],
    ['a number', 5],
    ['a promise', Promise.resolve('http://h.test/')],
    ['an object without a text', Object.create(null)],
    ['a symbol', Symbol('http://h.test/')],
  ])('%s ends in the row', async (_, value) => {
    expect(await outcomeWith({ url: () => value })).toEqual(new Array(3).fill('invalid_url'));
  });
});

describe('a function for the URL', () => {
  it('may return a URL object', async () => {
    expect(await outcomeWith({ url: (row: { url: string }) => new URL(row.url) })).toEqual(
      new Array(3).fill(undefined),
    );
  });

  it('that rejects ends in the row, and nowhere else', async () => {
    expect(await outcomeWith({ url: async () => Promise.reject(new Error('nobody hears it')) })).toEqual(
      new Array(3).fill('invalid_url'),
    );
  });
});

describe('options of no use', () => {
  it.each([null, undefined, 5, {}])('%j are refused as the stage is made', (options) => {
    const refusal = expect.objectContaining({ code: 'FDC_ERR_CONFIG_INVALID' });
    expect(() => fetchRows(options as never)).toThrow(refusal);
    if (options === null || options === 5) expect(() => fetchUnits(options as never)).toThrow(refusal);
  });
});

describe('whatever a function for the request returns', () => {
  it.each([null, 5, 'headers', {}, { headers: null }, { headers: 7 }, { wants: undefined }])(
    '%j asks for a plain GET',
    async (value) => {
      expect(await outcomeWith({ request: () => value })).toEqual([undefined, undefined, undefined]);
    },
  );

  it.each([
    [{ headers: { a: 'b\r\nc: d' } }],
    [{ headers: { 'no name': 'x' } }],
    [{ headers: { a: {} } }],
    [{ headers: { a: Symbol('x') } }],
  ])('%o ends in the row', async (value) => {
    const codes = await outcomeWith({ request: () => value });
    expect(codes).toEqual(new Array(3).fill(expect.stringMatching(/^(invalid_url|unknown_error)$/)));
  });
});

describe('a function of the caller that throws', () => {
  const fail = (): never => {
    throw new Error('of the caller');
  };
  const limitWith = (broken: Partial<Record<keyof Limit, unknown>>) => (): Limit =>
    Object.defineProperties(
      new FixedLimit(2),
      Object.fromEntries(Object.entries(broken).map(([name, value]) => [name, { value }])),
    );

  it.each([
    ['url', { url: fail }],
    ['request', { request: fail }],
    ['createLimit', { createLimit: fail }],
    [
      'createLimit, for the target of a redirect',
      {
        createLimit: (host: string) =>
          host === 'moved.test'
            ? new FixedLimit(1)
            : host === 'h.test' || host === 'i.test'
              ? new FixedLimit(1)
              : fail(),
      },
    ],
    ['onSend of a limit', { createLimit: limitWith({ onSend: fail }) }],
    ['onResult of a limit', { createLimit: limitWith({ onResult: fail }) }],
    ['tick of a limit', { createLimit: limitWith({ tick: fail, nextTickMs: 0 }) }],
    ['random', { random: fail, createLimit: () => new FixedLimit(1), maxAttempts: 3, connectTo: ['::127.0.0.1:1'] }],
  ])('ends the stage with its error instead of the process: %s', async (_, callbacks) => {
    expect(await outcomeWith(callbacks)).toBe('of the caller');
  });

  it.each([
    ['request', { request: async () => fail() }],
    ['createLimit', { createLimit: async () => fail() }],
    ['onSend', { createLimit: limitWith({ onSend: async () => fail() }) }],
    ['onResult', { createLimit: limitWith({ onResult: async () => fail() }) }],
    ['tick', { createLimit: limitWith({ tick: async () => fail(), nextTickMs: 0 }) }],
    ['random', { random: async () => fail(), maxAttempts: 3, connectTo: ['::127.0.0.1:1'] }],
  ])('and that gives a promise too, whose rejection is not unhandled: %s', async (name, callbacks) => {
    expect(await outcomeWith(callbacks)).toMatch(new RegExp(`${name}.*expected an answer at once, got a promise`));
  });

  it.each([null, undefined, 'a text'])('and throws %j is told as an error', async (thrown) => {
    const broken = (): never => {
      throw thrown;
    };
    for (const name of ['url', 'request', 'createLimit'])
      expect(await outcomeWith({ [name]: broken })).toMatch(/was thrown, which is no error/);
    expect(await outcomeWith({ createLimit: limitWith({ onResult: broken }) })).toMatch(/was thrown/);
  });

  it.each([Number.POSITIVE_INFINITY, Number.NaN, -1e9, 'x'])(
    'random numbers such as %s hold no row',
    async (random) => {
      const callbacks = { random: () => random, maxAttempts: 2, retryBackoffMs: 10, connectTo: ['::127.0.0.1:1'] };
      expect(await outcomeWith({ createLimit: () => new FixedLimit(1), ...callbacks })).toHaveLength(3);
    },
  );

  it.each([null, undefined, 5])('ends the stage too where a limit should be and %s is', async (value) => {
    expect(await outcomeWith({ createLimit: () => value })).toEqual(expect.any(String));
  });
});
