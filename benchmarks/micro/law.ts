/** What a control law itself costs a result: send, result, and the ticks that are due, without any scheduler. */
import { defaultPaarcSettings, FixedLimit, type Limit, PaarcLimit } from '../../src/paarc/index.ts';
import type { MicroTask } from './micro-task.ts';

const RESULTS = 10_000;
const IN_FLIGHT = 64;
const LOAD = { inFlight: IN_FLIGHT, waiting: 1000, eventLoopUtilization: 0.2, clientLimited: 0 };

export function law(): MicroTask[] {
  const task = (name: string, limit: Limit, errorEvery: number): MicroTask => ({
    name,
    items: RESULTS,
    run: results(limit, errorEvery),
  });
  const paarc = () => new PaarcLimit(defaultPaarcSettings, () => 0.5, 0);
  return [
    task('fixed', new FixedLimit(IN_FLIGHT), Number.POSITIVE_INFINITY),
    task('PAARC, a host that is well', paarc(), Number.POSITIVE_INFINITY),
    task('PAARC, one error in fifty', paarc(), 50),
  ];
}

/** A thousand results a second, each of them after some hundred milliseconds. */
function results(limit: Limit, errorEvery: number): () => void {
  let nowMs = 0;
  let ended = 0;
  const flying: number[] = [];
  return () => {
    for (let result = 0; result < RESULTS; result++) {
      nowMs++;
      flying.push(limit.onSend(nowMs, IN_FLIGHT));
      if (flying.length > IN_FLIGHT) {
        const serviceMs = 100 + (ended++ % 37);
        const isError = ended % errorEvery === 0;
        const outcome = isError
          ? ({ kind: 'overload', serviceMs } as const)
          : ({ kind: 'ok', headersMs: 50, serviceMs, bytes: 1000 } as const);
        limit.onResult(flying.shift() as number, outcome, nowMs);
      }
      if (nowMs >= limit.nextTickMs) limit.tick(nowMs, LOAD);
    }
  };
}
