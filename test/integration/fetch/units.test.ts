import { getEventListeners, once, setMaxListeners } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DemoHosts } from '../../../src/demo-hosts/start-demo-hosts.ts';
import type { FetchResult, Unit } from '../../../src/record.ts';
import { fetchUnits } from '../../../src/stages/fetch/fetch-units.ts';
import type { FetchStageOptions } from '../../../src/stages/fetch/settings.ts';
import type { Delivery } from '../../../src/transport/transport.ts';
import { makeUnit } from '../../support/units.ts';
import { MovableLimit } from '../../unit/stages/fetch/schedule/movable-limit.ts';
import { serving, until, urlsOf } from './fetching.ts';

function stageFor(origin: DemoHosts, options: FetchStageOptions = {}) {
  const stage = fetchUnits({
    connectTo: [origin.connectTo],
    enablePaarc: false,
    perHostConcurrency: 4,
    timeoutMs: 5000,
    retryBackoffMs: 20,
    ...options,
  });
  const results: FetchResult[] = [];
  stage.on('data', (result: FetchResult) => {
    results.push(result);
    result.release();
  });
  onTestFinished(async () => {
    if (stage.closed) return;
    stage.destroy();
    await once(stage, 'close');
  });
  return { stage, results };
}

function unitOf(index: number, urls: readonly string[]): Unit {
  return makeUnit(
    urls.map((url) => ({ url })),
    { index },
  );
}

interface Handed extends Delivery {
  readonly abort: AbortController;
  readonly failures: Error[];
}

function delivery(unit: Unit, errors = 0): Handed {
  const abort = new AbortController();
  const failures: Error[] = [];
  const fail = async (error: Error): Promise<void> => void failures.push(error);
  return {
    unit,
    attempt: 1,
    errors,
    signal: abort.signal,
    ack: async () => {},
    nak: async () => {},
    fail,
    abort,
    failures,
  };
}

describe('units', () => {
  it('yield one result per row, each pointing at its unit', async () => {
    const { stage, results } = stageFor(await serving({ 'b.test': [{ kind: 'status', status: 404 }] }));
    for (let index = 0; index < 5; index += 1)
      stage.write(unitOf(index, [...urlsOf('a.test', 20), ...urlsOf('b.test', 5), 'no url']));
    stage.end();
    await once(stage, 'end');
    for (let index = 0; index < 5; index += 1) {
      const mine = results.filter(({ unit }) => unit.shard === String(index).padStart(6, '0'));
      expect(mine.map(({ row }) => row.index).sort((a, b) => a - b)).toEqual(Array.from({ length: 26 }, (_, at) => at));
      expect(mine.every(({ unit }) => unit.rows === 26)).toBe(true);
    }
  });

  it('that are not begun are left to others on demand, last ones first, and none of their rows is fetched', async () => {
    const origin = await serving({ 'a.test': [{ kind: 'latency', meanMs: 50 }] });
    const { stage, results } = stageFor(origin, { perHostConcurrency: 2 });
    const passed: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const handed = delivery(unitOf(index, urlsOf('a.test', 6)));
      stage.write({ ...handed, pass: () => void passed.push(handed.unit.shard) });
    }
    await until(() => stage.openUnits === 5);
    expect(stage.spareUnits).toBe(4);
    stage.passOn(2);
    expect([passed, stage.spareUnits, stage.openUnits]).toEqual([['000003', '000004'], 2, 3]);
    stage.end();
    await once(stage, 'end');
    expect(results.map(({ unit }) => unit.shard)).toEqual(
      ['000000', '000001', '000002'].flatMap((shard) => Array(6).fill(shard)),
    );
    expect(origin.stats().get('a.test')?.requests).toBe(18);
  });

  it('are opened only as far as open ones leave room, and never more than open_units', async () => {
    const { stage } = stageFor(await serving({ 'never.test': [{ kind: 'never' }] }), { openUnits: 3 });
    for (let index = 0; index < 10; index += 1) stage.write(unitOf(index, urlsOf('never.test', 10)));
    await until(() => stage.openUnits === 3);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(stage.openUnits).toBe(3);
  });

  it('of a slow host do not keep those of a fast one from finishing', async () => {
    const { stage, results } = stageFor(await serving({ 'slow.test': [{ kind: 'never' }] }));
    stage.write(unitOf(0, urlsOf('slow.test', 50)));
    stage.write(unitOf(1, urlsOf('fast.test', 100)));
    await until(() => results.length === 100);
    expect(results.every(({ unit }) => unit.shard === '000001')).toBe(true);
  });
});

describe('a unit that is not ours any more', () => {
  it('yields nothing more, its requests end, and the others go on', async () => {
    const origin = await serving({ 'slow.test': [{ kind: 'latency', meanMs: 100 }] });
    const { stage, results } = stageFor(origin);
    const lost = delivery(unitOf(0, urlsOf('slow.test', 40)));
    stage.write(lost);
    stage.write(delivery(unitOf(1, urlsOf('fast.test', 30))));
    await until(() => results.some(({ unit }) => unit.shard === '000000'));
    lost.abort.abort();
    const seen = results.filter(({ unit }) => unit.shard === '000000').length;
    stage.end();
    await once(stage, 'end');
    expect(results.filter(({ unit }) => unit.shard === '000000')).toHaveLength(seen);
    expect(results.filter(({ unit }) => unit.shard === '000001')).toHaveLength(30);
    await until(() => [...origin.stats().values()].every(({ inFlight }) => inFlight === 0));
    expect(stage.stats()).toMatchObject({ inFlight: 0, bodyBytesHeld: 0 });
  });

  it('lets the stage end when it was the last one', async () => {
    const origin = await serving({ 'never.test': [{ kind: 'never' }] });
    const { stage, results } = stageFor(origin);
    const lost = delivery(unitOf(0, urlsOf('never.test', 10)));
    stage.end(lost);
    await until(() => (origin.stats().get('never.test')?.requests ?? 0) > 0);
    lost.abort.abort();
    await once(stage, 'end');
    expect(results).toEqual([]);
  });

  it('is not even begun when it arrives so', async () => {
    const origin = await serving({});
    const { stage, results } = stageFor(origin);
    const lost = delivery(unitOf(0, urlsOf('a.test', 10)));
    lost.abort.abort();
    stage.end(lost);
    await once(stage, 'end');
    expect(results).toEqual([]);
    expect(origin.stats().size).toBe(0);
  });

  it('is given back to the distributor when the sink gave it up, and yields nothing more', async () => {
    const { stage, results } = stageFor(await serving({ 'slow.test': [{ kind: 'latency', meanMs: 50 }] }));
    const handed = delivery(unitOf(0, urlsOf('slow.test', 40)));
    stage.end(handed);
    await until(() => results.length > 0);
    await results[0]?.unit.fail(new Error('tar broke'));
    const seen = results.length;
    await once(stage, 'end');
    expect(results).toHaveLength(seen);
    expect(handed.failures.map(({ message }) => message)).toEqual(['tar broke']);
  });

  it('ends the pipeline where there is no distributor, because nobody would deliver it again', async () => {
    const { stage, results } = stageFor(await serving({}));
    const failed = once(stage, 'error');
    stage.write(unitOf(0, urlsOf('a.test', 10)));
    await until(() => results.length > 0);
    await results[0]?.unit.fail(new Error('tar broke'));
    expect((await failed)[0]).toMatchObject({ code: 'FDC_ERR_UNIT_FAILED' });
  });
});

describe('a unit', () => {
  it('ends row by row as unit_failed, without a request, when it failed too often before', async () => {
    const origin = await serving({});
    const { stage, results } = stageFor(origin, { maxUnitErrors: 3 });
    stage.end(delivery(unitOf(0, urlsOf('a.test', 50)), 3));
    await once(stage, 'end');
    expect(results).toHaveLength(50);
    expect(
      results.every(({ status, code, attempts }) => status === 'failed' && code === 'unit_failed' && attempts === 0),
    ).toBe(true);
    expect(origin.stats().size).toBe(0);
  });

  it('ends with what it has when no row finishes for too long; the rest are unit_deadline, with their attempts', async () => {
    const { stage, results } = stageFor(await serving({ 'never.test': [{ kind: 'never' }] }), {
      unitIdleMs: 600,
      timeoutMs: 60_000,
    });
    stage.end(delivery(unitOf(0, [...urlsOf('good.test', 10), ...urlsOf('never.test', 10)])));
    await once(stage, 'end');
    expect(results.filter(({ status }) => status === 'fetched')).toHaveLength(10);
    const late = results.filter(({ code }) => code === 'unit_deadline');
    expect(late).toHaveLength(10);
    expect(late.map(({ attempts }) => attempts).sort()).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
    expect(stage.stats()).toMatchObject({ inFlight: 0, bodyBytesHeld: 0 });
  });

  it('does not end while its host asked for a pause', async () => {
    const hosts = { 'ra.test': [{ kind: 'outage', startMs: 0, endMs: 1500, retryAfterSec: 2 }] } as const;
    const { stage, results } = stageFor(await serving(hosts), { unitIdleMs: 500 });
    stage.end(delivery(unitOf(0, urlsOf('ra.test', 4))));
    await once(stage, 'end');
    expect(results.map(({ status }) => status)).toEqual(['fetched', 'fetched', 'fetched', 'fetched']);
  });

  it('does not end while others have all of its host’s permits', async () => {
    const limit = new MovableLimit(0);
    limit.nextTickMs = 0;
    limit.onTick = (moved, nowMs) => {
      moved.nextTickMs = nowMs + 50;
      return undefined;
    };
    const hostLimits = { create: () => limit, retire: () => {} };
    const { stage, results } = stageFor(await serving({}), { unitIdleMs: 500, hostLimits });
    stage.end(delivery(unitOf(0, urlsOf('a.test', 4))));
    await new Promise((resolve) => setTimeout(resolve, 2500));
    limit.permits = 4;
    await once(stage, 'end');
    expect(results.map(({ status }) => status)).toEqual(['fetched', 'fetched', 'fetched', 'fetched']);
  });

  it('does not end while the sink is what it waits for', async () => {
    const { stage, results } = stageFor(await serving({}), { unitIdleMs: 500 });
    stage.pause();
    stage.end(delivery(unitOf(0, urlsOf('a.test', 100))));
    await new Promise((resolve) => setTimeout(resolve, 2500));
    stage.resume();
    await once(stage, 'end');
    expect(results.every(({ status }) => status === 'fetched')).toBe(true);
  });

  it('leaves nothing behind on a signal that outlives it', async () => {
    const { stage, results } = stageFor(await serving({}));
    const abort = new AbortController();
    setMaxListeners(0, abort.signal);
    for (let index = 0; index < 20; index += 1)
      stage.write({ ...delivery(unitOf(index, urlsOf('a.test', 5))), signal: abort.signal });
    stage.end();
    await once(stage, 'end');
    expect(results).toHaveLength(100);
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
  });
});
