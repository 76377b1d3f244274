import { describe, expect, it } from 'vitest';
import { memoryError, RUN_BYTES, requireAddressSpace, threadsWithin } from '../../src/address-space.ts';

describe('a limit on address space', () => {
  it('that is too low for one thread is told in one line, with what to do', () => {
    expect(() => requireAddressSpace('download', 12_288_000_000, RUN_BYTES)).toThrow(
      expect.objectContaining({
        code: 'FDC_ERR_MEMORY',
        message: expect.stringMatching(/^download: .* 12\.3 GB of address space, .*36\.0 GB .*ulimit -v unlimited'$/),
      }),
    );
  });

  it.each([undefined, 40e9])('of %s is enough', (limit) => {
    expect(() => requireAddressSpace('download', limit, RUN_BYTES)).not.toThrow();
  });

  it('bounds the threads', () => {
    expect([undefined, 12e9, 40e9, 70e9, 500e9].map(threadsWithin)).toEqual([Number.POSITIVE_INFINITY, 1, 1, 2, 15]);
  });
});

describe('an error that says that address space ran out', () => {
  it.each([
    new RangeError('WebAssembly.instantiate(): Out of memory: Cannot allocate Wasm memory for new instance'),
    new RangeError('WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance'),
    Object.assign(new Error('Worker terminated'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }),
  ])('says what to do: %s', (error) => {
    expect(memoryError(error)).toMatchObject({ code: 'FDC_ERR_MEMORY', cause: error });
    expect(memoryError(error).message).toContain('ulimit -v unlimited');
  });

  it('is not mistaken for others', () => {
    const other = new Error('a page cannot be decoded');
    expect(memoryError(other)).toBe(other);
  });
});
