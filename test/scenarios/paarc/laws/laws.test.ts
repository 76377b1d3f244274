import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Limit, Outcome } from '../../../../src/paarc/limit.ts';
import { AimdLaw } from './aimd.ts';
import { ArcLaw } from './arc.ts';
import { Gradient2Law } from './gradient2.ts';
import { LAWS } from './index.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const refused: Outcome = { kind: 'rate', serviceMs: 20 };

function ok(serviceMs: number): Outcome {
  return { kind: 'ok', headersMs: serviceMs, serviceMs, bytes: 1000 };
}

/** All permits leave at once and come back together, `times` times. @returns the time after the last */
function flights(limit: Limit, times: number, outcome: Outcome, startMs = 0): number {
  let nowMs = startMs;
  for (let flight = 0; flight < times; flight++) {
    const tokens = Array.from({ length: limit.permits }, (_, index) => limit.onSend(nowMs, index + 1));
    nowMs += 'serviceMs' in outcome ? outcome.serviceMs : 0;
    for (const token of tokens) limit.onResult(token, outcome, nowMs);
  }
  return nowMs;
}

describe('Laws of others, as they are described', () => {
  it('AIMD doubles per flight until the first refusal, then grows by one per flight', () => {
    const limit = new AimdLaw();
    flights(limit, 3, ok(50));
    expect(limit.permits).toBe(80);
    limit.onResult(limit.onSend(), refused, 150);
    expect(limit.permits).toBe(40);
    flights(limit, 5, ok(50), 150);
    expect(limit.permits).toBeGreaterThanOrEqual(44);
    expect(limit.permits).toBeLessThanOrEqual(45);
  });

  it('AIMD is halved once for all that was on its way', () => {
    const limit = new AimdLaw();
    flights(limit, 1, refused);
    expect(limit.permits).toBe(5);
  });

  it('Gradient2 grows while latency stays, shrinks when it leaves the long mean, and takes no offence at refusals', () => {
    const limit = new Gradient2Law();
    const steadyMs = flights(limit, 200, ok(100));
    const grown = limit.permits;
    expect(grown).toBeGreaterThan(30);
    const slowMs = flights(limit, 20, ok(600), steadyMs);
    expect(limit.permits).toBeLessThan(grown);
    const shrunk = limit.permits;
    flights(limit, 200, refused, slowMs);
    expect(limit.permits).toBeGreaterThan(shrunk);
  });

  it('ARC adds one per round of latencies that are not worse, and takes a tenth after a refusal or an odd latency', () => {
    const limit = new ArcLaw();
    const grownMs = flights(limit, 60, ok(100));
    const grown = limit.permits;
    expect(grown).toBeGreaterThan(20);
    const refusedMs = flights(limit, 1, refused, grownMs + 200);
    expect(limit.permits).toBe(Math.floor(0.9 * grown));
    const quietMs = flights(limit, 20, ok(100), refusedMs);
    const again = limit.permits;
    flights(limit, 1, ok(500), quietMs);
    expect(limit.permits).toBeLessThan(again);
  });

  it.each(['AIMD', 'Gradient2', 'ARC'])('%s keeps a Retry-After', (law) => {
    const limit = LAWS[law]?.(() => 0.5, 0) as Limit;
    limit.onResult(limit.onSend(0, 1), { ...refused, retryAfterMs: 5000 }, 1000);
    expect(limit.pauseUntilMs).toBe(6000);
  });

  it('are compared on a kind of host by one command, which prints a column per law', async () => {
    const script = ['--import', 'tsx', 'scripts/compare-laws.ts', '--kind', 'slow', '--hosts', '1'];
    const { stdout } = await promisify(execFile)(process.execPath, script, { cwd: root });
    const [head, , row, end] = stdout.split('\n');
    expect(head).toBe(`| kind | hosts | ${Object.keys(LAWS).join(' | ')} |`);
    expect(row).toMatch(/^\| slow \| 1 \|( \d\.\d\d \(\d\.\d\d\) \d+\.\d % \|)+$/);
    expect(end).toBe('');
  });
});
