/** What a row's way through the scheduler takes: queued, sent when it is its host's turn, settled. */
import type { Clock } from '../../src/clock.ts';
import type { Limit, Outcome } from '../../src/paarc/index.ts';
import { defaultPaarcSettings, FixedLimit, PaarcLimit } from '../../src/paarc/index.ts';
import { LoadMeter } from '../../src/stages/fetch/schedule/load-meter.ts';
import { Scheduler } from '../../src/stages/fetch/schedule/scheduler.ts';
import type { MicroTask } from './micro-task.ts';

const ROWS = 1000;
const SERVICE_MS = 2;
const OK: Outcome = { kind: 'ok', headersMs: 1, serviceMs: SERVICE_MS, bytes: 10_000 };

export function schedulerTurn(): MicroTask[] {
  const limits: Readonly<Record<string, (nowMs: number) => Limit>> = {
    fixed: () => new FixedLimit(64),
    PAARC: (nowMs) => new PaarcLimit(defaultPaarcSettings, () => 0.5, nowMs),
  };
  return Object.entries(limits).flatMap(([limit, create]) =>
    [1, 1000].map((hosts) => ({
      name: `${limit}, ${hosts === 1 ? 'one host' : `${hosts} hosts`}`,
      items: ROWS,
      run: turns(create, hosts),
    })),
  );
}

/** Every request takes as long as any other, so all that left together are settled together. */
function turns(createLimit: (nowMs: number) => Limit, hosts: number): () => void {
  let nowMs = 0;
  // Time passes only as replies do: a controller that spaces its requests must not be measured by its pauses.
  const clock: Clock = { nowMs: () => nowMs, wallMs: () => nowMs, timer: () => () => {} };
  const sent: (() => void)[] = [];
  const names = Array.from({ length: hosts }, (_, host) => `img${host}.example.org`);
  const scheduler = new Scheduler<number>({
    clock,
    load: new LoadMeter(clock),
    maxInFlight: 1000,
    breaker: { failures: 10, spanMs: 60_000, probeMs: 60_000 },
    createLimit: () => createLimit(nowMs),
    start: (_row, lane, permit) => sent.push(() => scheduler.settle(lane, permit, OK)),
    refuse: () => {},
    isDropped: () => false,
    onTransition: () => {},
    onIdle: () => {},
    onEvict: () => {},
    onHungry: () => {},
  });
  return () => {
    for (let row = 0; row < ROWS; row++) scheduler.add(names[row % hosts] as string, row);
    scheduler.pump();
    while (scheduler.queued > 0 || sent.length > 0) {
      nowMs += SERVICE_MS;
      for (const settle of sent.splice(0)) settle();
      scheduler.pump();
    }
  };
}
