import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { FetchResult } from '../../../../src/record.ts';
import { createSink } from '../../../../src/stages/sink/sink.ts';
import { resultOf, resultsOf, unitOf } from '../../../support/sink-units.ts';
import { MemorySink, releases, run, turns } from './memory-sink.ts';

describe('createSink', () => {
  it('writes interleaved units in their own order and acknowledges each after its commit', async () => {
    const sink = new MemorySink();
    const [a, b] = [unitOf({ index: 0, rows: 2 }), unitOf({ index: 1, rows: 2 })];
    const results = [resultOf(a, 1), resultOf(b, 0), resultOf(a, 0), resultOf(b, 1)];
    await run(results, sink);
    expect(sink.log.filter((line) => line.includes('000000'))).toEqual([
      'open 000000',
      'write 000000 1',
      'write 000000 0',
      'commit 000000',
    ]);
    expect(sink.log.filter((line) => line.includes('000001'))).toEqual([
      'open 000001',
      'write 000001 0',
      'write 000001 1',
      'commit 000001',
    ]);
    expect([a.calls, b.calls]).toEqual([['done'], ['done']]);
    expect(releases(results)).toEqual([1, 1, 1, 1]);
  });

  it('acknowledges only after the commit is through', async () => {
    const sink = new MemorySink();
    let commit = (): void => {};
    sink.before = (line) =>
      line.startsWith('commit') ? new Promise<void>((resolve) => (commit = resolve)) : undefined;
    const unit = unitOf({ rows: 1 });
    const done = run(resultsOf(unit), sink);
    await turns();
    expect(unit.calls).toEqual([]);
    commit();
    await done;
    expect(unit.calls).toEqual(['done']);
  });

  it('a slow writer holds the stream back and keeps a limited number of bodies', async () => {
    const sink = new MemorySink();
    const free: (() => void)[] = [];
    sink.before = (line) => (line.startsWith('write') ? new Promise<void>((resolve) => free.push(resolve)) : undefined);
    const unit = unitOf({ rows: 500 });
    let taken = 0;
    function* source(): Generator<FetchResult> {
      for (const result of resultsOf(unit)) {
        taken += 1;
        yield result;
      }
    }
    const stream = createSink(sink);
    const done = pipeline(Readable.from(source(), { highWaterMark: 1 }), stream);
    await turns(200);
    expect(taken).toBeLessThan(70);
    expect(stream.stats().pendingWrites).toBe(64);
    while (unit.calls.length === 0) {
      free.splice(0).forEach((resolve) => {
        resolve();
      });
      await setImmediate();
    }
    await done;
    expect(stream.stats()).toMatchObject({
      unitsCommitted: 1,
      rowsStored: 500,
      bytes: 10,
      openUnits: 0,
      pendingWrites: 0,
      pendingBytes: 0,
    });
  });

  it('one unit waiting in its commit does not hold up the writes of others', async () => {
    const sink = new MemorySink();
    let commit = (): void => {};
    sink.before = (line) => (line === 'commit 000000' ? new Promise<void>((resolve) => (commit = resolve)) : undefined);
    const [a, b] = [unitOf({ index: 0, rows: 1 }), unitOf({ index: 1, rows: 3 })];
    const done = run([...resultsOf(a), ...resultsOf(b)], sink);
    await turns();
    expect(b.calls).toEqual(['done']);
    commit();
    await done;
  });

  it('at most two commits run at once', async () => {
    const sink = new MemorySink();
    let [running, most] = [0, 0];
    sink.before = async (line) => {
      if (!line.startsWith('commit')) return;
      running += 1;
      most = Math.max(most, running);
      await turns(3);
      running -= 1;
    };
    await run(Array.from({ length: 12 }, (_, index) => resultsOf(unitOf({ index, rows: 1 }))).flat(), sink);
    expect(most).toBe(2);
  });

  it('commits that are slower than the writes hold the stream back too', async () => {
    const sink = new MemorySink();
    const free: (() => void)[] = [];
    sink.before = (line) =>
      line.startsWith('commit') ? new Promise<void>((resolve) => free.push(resolve)) : undefined;
    const units = Array.from({ length: 30 }, (_, index) => unitOf({ index, rows: 1 }));
    async function* source(): AsyncGenerator<FetchResult> {
      for (const unit of units) {
        yield* resultsOf(unit);
        await turns(2);
      }
    }
    const done = pipeline(source(), createSink(sink));
    await turns(200);
    expect(sink.log.filter((line) => line.startsWith('open')).length).toBeLessThan(10);
    while (units.some((unit) => unit.calls.length === 0)) {
      for (const resolve of free.splice(0)) resolve();
      await setImmediate();
    }
    await done;
  });
});
