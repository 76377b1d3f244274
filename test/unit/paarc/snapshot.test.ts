import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { defaultPaarcSettings, PaarcLimit, priorFrom } from '../../../src/paarc/index.ts';
import { ok, UnitHost } from './drive.ts';

const half = (): number => 0.5;

describe('Snapshot of a controller', () => {
  it('is nothing while the host is unknown, then small JSON', () => {
    const limit = new PaarcLimit(defaultPaarcSettings, half, 0);
    expect(limit.snapshot()).toBeUndefined();
    new UnitHost(limit, () => ok(100)).run(3000);
    const json = JSON.stringify(limit.snapshot());
    expect(JSON.parse(json)).toEqual({ concurrency: limit.permits, p50Ms: 100, p95Ms: 130 });
    expect(json.length).toBeLessThan(120);
  });

  it('starts the next run at half of the limit and with the known latency', () => {
    const warm = new PaarcLimit(defaultPaarcSettings, half, 0, { concurrency: 200, p50Ms: 100, p95Ms: 150 });
    expect(warm.permits).toBe(100);
    expect(warm.spacingMs).toBe(100 / (2 * 100));
    const host = new UnitHost(warm, () => ok(100));
    host.run(1000);
    expect(host.limit.permits).toBe(200);
  });

  it('keeps a rate that held, and starts just below it', () => {
    const warm = new PaarcLimit(defaultPaarcSettings, half, 0, {
      concurrency: 16,
      p50Ms: 100,
      p95Ms: 150,
      requestsPerSecond: 20,
    });
    expect(warm.spacingMs).toBeCloseTo(1000 / (0.98 * 20), 6);
    expect(warm.snapshot()?.requestsPerSecond).toBeCloseTo(19.6, 6);
  });

  it('of a visit too short to return to the known limit says that limit', () => {
    const warm = new PaarcLimit(defaultPaarcSettings, half, 0, { concurrency: 200, p50Ms: 100, p95Ms: 150 });
    expect(warm.snapshot()).toEqual({ concurrency: 200, p50Ms: 100, p95Ms: 150 });
  });

  it('of a host that answers in microseconds can be used', () => {
    const limit = new PaarcLimit(defaultPaarcSettings, half, 0);
    for (let request = 0; request < 40; request += 1) {
      const token = limit.onSend(request, 1);
      limit.onResult(token, ok(0.004), request + 0.004);
      limit.tick(request + 0.5, { inFlight: 1, waiting: 0, eventLoopUtilization: 0, clientLimited: 0 });
    }
    const snapshot = limit.snapshot();
    expect(snapshot).toMatchObject({ p50Ms: 0.01, p95Ms: 0.01 });
    expect(new PaarcLimit(defaultPaarcSettings, half, 0, snapshot).permits).toBeGreaterThan(0);
  });

  it('refuses a snapshot that no controller has written', () => {
    const bad = { concurrency: -1, p50Ms: 100, p95Ms: 150 };
    expect(() => new PaarcLimit(defaultPaarcSettings, half, 0, bad)).toThrow(/snapshot concurrency/);
  });

  it('gives a stranger the cautious middle of hosts alike', () => {
    const alike = [10, 20, 40, 80].map((concurrency) => ({ concurrency, p50Ms: concurrency * 10, p95Ms: 900 }));
    expect(priorFrom([])).toBeUndefined();
    expect(priorFrom(alike)).toEqual({ concurrency: 17.5, p50Ms: 300, p95Ms: 900 });
    expect(priorFrom([...alike, { concurrency: 9, p50Ms: 5, p95Ms: 9, requestsPerSecond: 7 }])?.requestsPerSecond).toBe(
      7,
    );
  });
});

describe('Memory of an idle controller', () => {
  it('is below 4 kB after a hundred answers', () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const count = 1000;
    const keep: PaarcLimit[] = [];
    const measureBytes = (): number => {
      collectGarbage();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const before = measureBytes();
    for (let index = 0; index < count; index++) {
      const limit = new PaarcLimit(defaultPaarcSettings, half, 0);
      for (let request = 0; request < 100; request++) {
        const nowMs = 10 * request;
        const token = limit.onSend(nowMs, 1);
        limit.onResult(token, ok(50), nowMs + 50);
        limit.tick(nowMs + 50, { inFlight: 0, waiting: 0, eventLoopUtilization: 0, clientLimited: 0 });
      }
      keep.push(limit);
    }
    const bytes = (measureBytes() - before) / keep.length;
    process.stdout.write(`  idle controller: ${bytes.toFixed(0)} bytes\n`);
    expect(bytes).toBeLessThan(4096);
  });
});
