import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { FlowDcError } from '../../../../src/errors.ts';
import type { FetchResult } from '../../../../src/record.ts';
import { createSink } from '../../../../src/stages/sink/sink.ts';
import { resultOf, resultsOf, unitOf } from '../../../support/sink-units.ts';
import { errno, MemorySink, releases, run, turns } from './memory-sink.ts';

describe('createSink, when something ends early,', () => {
  it('an error in one unit gives that unit back and leaves the others alone', async () => {
    const sink = new MemorySink();
    sink.before = (line) => {
      if (line === 'write 000000 1') throw new Error('database said no');
    };
    const [a, b] = [unitOf({ index: 0, rows: 4 }), unitOf({ index: 1, rows: 2 })];
    const results = [...resultsOf(a), ...resultsOf(b)];
    await run(results, sink);
    expect(a.calls).toEqual(['fail: database said no']);
    expect(b.calls).toEqual(['done']);
    expect(sink.log).toContain('abort 000000: database said no');
    expect(sink.log).not.toContain('write 000000 2');
    expect(releases(results)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('a unit that was given back is accepted again as a new delivery', async () => {
    const sink = new MemorySink();
    let broken = true;
    sink.before = (line) => {
      if (!line.startsWith('open') || !broken) return;
      broken = false;
      throw new Error('not yet');
    };
    const [first, second] = [unitOf({ rows: 2 }), unitOf({ rows: 2 })];
    await run([...resultsOf(first), ...resultsOf(second)], sink);
    expect([first.calls, second.calls]).toEqual([['fail: not yet'], ['done']]);
  });

  it.each([
    ['ENOSPC', 'FDC_ERR_DEST_FULL'],
    ['EDQUOT', 'FDC_ERR_DEST_FULL'],
    ['EACCES', 'FDC_ERR_DEST_IO'],
    ['EIO', 'FDC_ERR_DEST_IO'],
    ['EMFILE', 'FDC_ERR_DEST_IO'],
  ])('%s while writing ends the run with %s and gives no unit back', async (code, expected) => {
    const sink = new MemorySink();
    sink.before = (line) => {
      if (line === 'write 000000 1') throw errno(code);
    };
    const unit = unitOf({ rows: 3 });
    const results = resultsOf(unit);
    await expect(run(results, sink)).rejects.toMatchObject({ code: expected });
    expect(unit.calls).toEqual([]);
    expect(sink.log.at(-1)).toMatch(/^abort 000000/);
    expect(releases(results).slice(0, 2)).toEqual([1, 1]);
  });

  it("an error with one of flow-dc's codes passes as it is", async () => {
    const sink = new MemorySink();
    const error = new FlowDcError('FDC_ERR_TRANSPORT_CLOSED', 'gone');
    sink.before = (line) => {
      if (line.startsWith('commit')) throw error;
    };
    await expect(run(resultsOf(unitOf({ rows: 1 })), sink)).rejects.toBe(error);
  });

  it('unit errors in a row without a commit mean that the sink is broken', async () => {
    const sink = new MemorySink();
    sink.before = (line) => {
      if (line.startsWith('write')) throw new Error('no table');
    };
    const results = Array.from({ length: 9 }, (_, index) => resultsOf(unitOf({ index, rows: 1 }))).flat();
    await expect(run(results, sink, 3)).rejects.toMatchObject({
      code: 'FDC_ERR_UNIT_FAILED',
      message: expect.stringContaining('no table'),
    });
  });

  it('more results than the unit has rows break the contract', async () => {
    const unit = unitOf({ rows: 1 });
    const results = [resultOf(unit, 0), resultOf(unit, 0)];
    await expect(run(results, new MemorySink())).rejects.toMatchObject({ code: 'FDC_ERR_SINK_PROTOCOL' });
    expect(releases(results)).toEqual([1, 1]);
  });

  it('the same row twice breaks the contract', async () => {
    const unit = unitOf({ rows: 3 });
    await expect(run([resultOf(unit, 0), resultOf(unit, 0)], new MemorySink())).rejects.toMatchObject({
      code: 'FDC_ERR_SINK_PROTOCOL',
    });
  });

  it('a unit that is incomplete when the input ends is dropped quietly and counted', async () => {
    const sink = new MemorySink();
    const unit = unitOf({ rows: 3 });
    const stream = createSink(sink);
    await pipeline(Readable.from([resultOf(unit, 0)]), stream);
    expect(sink.log.at(-1)).toMatch(/^abort 000000/);
    expect(unit.calls).toEqual([]);
    expect(stream.stats()).toMatchObject({ unitsAbandoned: 1, unitsCommitted: 0, unitErrors: 0 });
  });

  it('a unit that is taken away is dropped while the others go on', async () => {
    const sink = new MemorySink();
    const lost = new AbortController();
    const [a, b] = [unitOf({ index: 0, rows: 2, signal: lost.signal }), unitOf({ index: 1, rows: 1 })];
    const results = [resultOf(a, 0), resultOf(b, 0), resultOf(a, 1)];
    async function* source(): AsyncGenerator<FetchResult> {
      yield results[0] as FetchResult;
      await turns();
      lost.abort(new Error('lease lost'));
      yield* results.slice(1);
    }
    await pipeline(source(), createSink(sink));
    expect(sink.log).toContain('abort 000000: lease lost');
    expect([a.calls, b.calls]).toEqual([[], ['done']]);
    expect(releases(results)).toEqual([1, 1, 1]);
  });

  it('destroyed in the middle of a write, it waits for the write, then aborts every unit and releases every body', async () => {
    const sink = new MemorySink();
    let finish = (): void => {};
    sink.before = (line) =>
      line === 'write 000000 0' ? new Promise<void>((resolve) => (finish = resolve)) : undefined;
    const [a, b] = [unitOf({ index: 0, rows: 3 }), unitOf({ index: 1, rows: 3 })];
    const results = [resultOf(a, 0), resultOf(a, 1), resultOf(b, 0)];
    const stop = new AbortController();
    // A source that stays open and can be closed, as pipelines of Node 22 and later wait for.
    const source = new Readable({ objectMode: true, read() {} });
    for (const result of results) source.push(result);
    const done = pipeline(source, createSink(sink), { signal: stop.signal });
    await turns();
    stop.abort();
    await turns();
    expect(sink.log.filter((line) => line.startsWith('abort 000000'))).toEqual([]);
    finish();
    await expect(done).rejects.toThrow();
    await turns();
    expect(sink.log.filter((line) => line.startsWith('abort'))).toHaveLength(2);
    expect(releases(results)).toEqual([1, 1, 1]);
    expect([a.calls, b.calls]).toEqual([[], []]);
  });
});
