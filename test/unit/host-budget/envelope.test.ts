import { describe, expect, it } from 'vitest';
import { decodeEnvelope, type Envelope, encodeEnvelope, shareIn } from '../../../src/host-budget/envelope.ts';
import { decodeHeartbeat, decodeRecord, encodeRecord } from '../../../src/host-budget/host-record.ts';

const envelope: Envelope = {
  from: 'worker-1',
  number: 7,
  nowMs: 1234.5,
  seen: 42,
  reports: [
    {
      host: 'abc',
      epoch: 2,
      seq: 9,
      visit: 1,
      permits: 5,
      inFlight: 3,
      isLeaving: false,
      waiting: 100,
      eventLoopUtilization: 0.5,
      clientLimited: 0,
      events: [
        { kind: 'send', id: 1, atMs: 1000.1 },
        { kind: 'result', id: 1, atMs: 1100.2, outcome: { kind: 'ok', serviceMs: 100.1, headersMs: 50, bytes: 1000 } },
        { kind: 'result', id: 2, atMs: 1101, outcome: { kind: 'neutral' } },
        { kind: 'result', id: 3, atMs: 1102, outcome: { kind: 'rate', serviceMs: 20, retryAfterMs: 2000 } },
        { kind: 'result', id: 4, atMs: 1103, outcome: { kind: 'overload', serviceMs: 30 } },
        { kind: 'result', id: 5, atMs: 1104, outcome: { kind: 'neutral', isDenied: true } },
        { kind: 'result', id: 6, atMs: 1105, outcome: { kind: 'rate', serviceMs: 10, isShut: true } },
      ],
    },
  ],
  grants: [
    {
      host: 'abc',
      epoch: 2,
      seq: 10,
      spacingMs: 50,
      pauseMs: 0,
      refusesAll: true,
      shares: [{ worker: 'worker-1', visit: 1, permits: 4, phase: 0.5 }],
    },
  ],
  pauses: [{ host: 'abc', pauseMs: 2000 }],
};

describe('what workers tell each other', () => {
  it('arrives as it was sent', () => {
    expect(decodeEnvelope(encodeEnvelope(envelope))).toEqual(envelope);
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['no grants', JSON.stringify({ ...envelope, grants: undefined })],
    ['a negative number', JSON.stringify({ ...envelope, seen: -1 })],
    [
      'permits that are no number',
      JSON.stringify({
        ...envelope,
        reports: [],
        grants: [{ ...envelope.grants[0], shares: [{ worker: 'a', visit: 1, permits: '9', phase: 0 }] }],
      }),
    ],
    [
      'an outcome that does not exist',
      JSON.stringify({ ...envelope, reports: [{ ...envelope.reports[0], events: [[1, 2, 9]] }] }),
    ],
    [
      'an event that is no list',
      JSON.stringify({ ...envelope, reports: [{ ...envelope.reports[0], events: [{ id: 1 }] }] }),
    ],
  ])('is ignored with %s', (_what, text) => {
    expect(decodeEnvelope(text)).toBeUndefined();
  });

  it('is not believed beyond an hour of silence, nor numbers without an end', () => {
    const grants = envelope.grants.map((grant) => ({ ...grant, spacingMs: 1e300, pauseMs: 1e300 }));
    const text = encodeEnvelope({ ...envelope, grants, pauses: [{ host: 'abc', pauseMs: 1e300 }] });
    const hourMs = 3_600_000;
    expect(decodeEnvelope(text)).toMatchObject({
      grants: [{ spacingMs: hourMs, pauseMs: hourMs }],
      pauses: [{ pauseMs: hourMs }],
    });
    expect(decodeEnvelope(text.replaceAll('1e+300', '1e999'))).toBeUndefined();
  });

  it('puts the slots of a rate on the clock of the worker', () => {
    const [grant] = envelope.grants;
    if (grant === undefined) throw new Error('no grant');
    expect(shareIn(grant, 'worker-1', 60, 0)).toMatchObject({ permits: 4, phase: expect.closeTo(0.7, 6) });
    expect(shareIn(grant, 'worker-1', -60, 0)).toMatchObject({ phase: expect.closeTo(0.3, 6) });
    expect(shareIn(grant, 'somebody-else', 0, 0)).toBeUndefined();
  });
});

describe('the record of a host', () => {
  const record = {
    epoch: 3,
    leader: 'a',
    concurrency: 50,
    requestsPerSecond: 0,
    notBeforeMs: 0,
    shares: { a: 25, b: 25 },
  };
  const controllerState = { concurrency: 50, p50Ms: 100, p95Ms: 200 };

  it('is read as it was written', () => {
    expect(decodeRecord(encodeRecord({ ...record, controllerState }))).toEqual({ ...record, controllerState });
  });

  it('counts without a state that no controller has', () => {
    expect(decodeRecord(JSON.stringify({ ...record, controllerState: { ...controllerState, p50Ms: -1 } }))).toEqual(
      record,
    );
  });

  it.each([
    '{',
    'null',
    '{"epoch":"1"}',
    JSON.stringify({ ...record, shares: { a: 'all' } }),
    JSON.stringify(record).padEnd(20_000),
  ])('is ignored when no leader can have written it: %.20s', (text) => {
    expect(decodeRecord(text)).toBeUndefined();
  });

  it('needs a heartbeat with a lease', () => {
    expect(decodeHeartbeat('{"ttlMs":3000,"sentMs":5,"replaces":"x"}')).toEqual({
      ttlMs: 3000,
      sentMs: 5,
      replaces: 'x',
    });
    expect(decodeHeartbeat('{"ttlMs":null,"sentMs":5}')).toBeUndefined();
    expect(decodeHeartbeat('{"ttlMs":3000}')).toBeUndefined();
  });
});
