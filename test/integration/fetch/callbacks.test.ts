import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { FixedLimit, type Limit } from '../../../src/paarc/limit.ts';
import { fetchRows } from '../../../src/stages/fetch/fetch-rows.ts';
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
    ['a URL object', new URL('http://h.test/')],
    ['an object without a text', Object.create(null)],
    ['a symbol', Symbol('http://h.test/')],
  ])('%s ends in the row', async (_, value) => {
    expect(await outcomeWith({ url: () => value })).toEqual(new Array(3).fill('invalid_url'));
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

  it.each([null, undefined, 5])('ends the stage too where a limit should be and %s is', async (value) => {
    expect(await outcomeWith({ createLimit: () => value })).toEqual(expect.any(String));
  });
});
