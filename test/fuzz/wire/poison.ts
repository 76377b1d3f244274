/** Messages that somebody might send to any subject or key of a job, as they are drawn for one round. */
import { encodeEnvelope } from '../../../src/host-budget/envelope.ts';
import { describeJob } from '../../support/nats-jobs.ts';
import { makeUnits, recordOf } from '../../support/units.ts';
import { below, mutate, pick } from '../mutate.ts';
import { mutateJson } from '../mutate-json.ts';

/** `JOB` and `VICTIM` stand for the round's own jobs: the first one has to be done, the second may come to anything. */
export interface Poison {
  readonly subject: string;
  readonly data: Uint8Array;
}

export const UNITS = makeUnits(4, 3);
const HOST = 'c0ffee0123456789';

/** Envelope of a worker that leads, reports and pauses. */
const ENVELOPE = JSON.parse(
  encodeEnvelope({
    from: 'w1',
    number: 1,
    nowMs: 1_000,
    seen: 1,
    reports: [
      {
        ...{ host: HOST, epoch: 1, seq: 1, visit: 1, permits: 4, inFlight: 2, isLeaving: false, waiting: 9 },
        ...{ eventLoopUtilization: 0.5, clientLimited: 0 },
        events: [
          { kind: 'send', id: 1, atMs: 1 },
          { kind: 'result', id: 1, atMs: 9, outcome: { kind: 'ok', serviceMs: 8, headersMs: 4, bytes: 100 } },
          { kind: 'result', id: 2, atMs: 9, outcome: { kind: 'rate', serviceMs: 8, retryAfterMs: 400 } },
        ],
      },
    ],
    grants: [
      {
        ...{ host: HOST, epoch: 2, seq: 2, spacingMs: 5, pauseMs: 0, refusesAll: false },
        shares: [{ worker: 'w1', visit: 1, permits: 4, phase: 0.5 }],
      },
    ],
    pauses: [{ host: HOST, pauseMs: 100 }],
  }),
);
const HOST_RECORD = {
  ...{ epoch: 3, leader: 'w1', concurrency: 50, requestsPerSecond: 0, notBeforeMs: 0, shares: { w1: 25 } },
  controllerState: { concurrency: 50, p50Ms: 100, p95Ms: 200 },
};
const HEARTBEAT = { ttlMs: 3_000, sentMs: 1, replaces: 'w0' };
const WORKER = {
  ...{ worker: 'w1', name: 'm:1', atMs: Date.now(), state: 'working', units: [], rowsDone: 1, bytes: 1 },
  ...{ rowsPerSecond: 1, inFlight: 1, queued: 1 },
  hosts: [{ host: 'h', inFlight: 1, limit: 8, waiting: 1, perSecond: 1, state: 'new' }],
};
const JOB = { description: describeJob(), state: 'running', total: 4 };

/** @param unitMessage - draws a mutated unit */
export function drawPoison(random: () => number, unitMessage: () => Uint8Array): Poison {
  const unit = pick(UNITS, random);
  const json = (subject: string, value: unknown): Poison => ({ subject, data: mutateJson(value, random) });
  switch (below(11, random)) {
    case 0:
    case 1:
      return { subject: `fd.JOB.u.${unit.id}`, data: unitMessage() };
    case 2:
      return { subject: `fd.JOB.u.${token(random)}`, data: unitMessage() };
    case 3:
      return json(`$KV.FD_JOB_done.${unit.id}`, recordOf(unit));
    case 4:
      return json(`$KV.FD_JOB_done.${token(random)}`, recordOf(unit));
    case 5:
      return { subject: `$KV.FD_JOB_state.att.${unit.id}`, data: mutate(Buffer.from('1 2'), random) };
    case 6:
      return json(`$KV.FD_JOB_state.w.${pick(['w1', token(random)], random)}`, WORKER);
    case 7:
      return json(`$KV.FD_VICTIM_state.job`, JOB);
    case 8:
      return json(`$KV.FD_jobs.${pick(['VICTIM', token(random)], random)}`, describeJob());
    case 9:
      return random() < 0.5
        ? json(`$KV.FD_hosts.h.${pick([HOST, token(random)], random)}`, HOST_RECORD)
        : json(`$KV.FD_hosts.w.${pick(['w1', token(random)], random)}`, HEARTBEAT);
    default:
      return json(pick(['fd.hosts.reports', 'fd.hosts.all'], random), ENVELOPE);
  }
}

/** Part of a subject: anything without blanks, dots and wildcards, which no client sends. */
function token(random: () => number): string {
  const text = mutate(Buffer.from(UNITS[0]?.id ?? ''), random).toString('latin1');
  return text.replaceAll(/[^!-~]|[.*>]/g, '_').slice(0, 60) || '_';
}
