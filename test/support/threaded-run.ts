/** A whole download whose threads start when a test wants them to: what runJob does, with another pace. */
import { plan } from '../../src/chain.ts';
import { systemClock } from '../../src/clock.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import type { Config } from '../../src/config/types.ts';
import { openJobInput } from '../../src/run/open-job-input.ts';
import { placeFor } from '../../src/run/place.ts';
import { RunControl } from '../../src/run/run-control.ts';
import type { CrewPace } from '../../src/threads/crew.ts';
import type { WorkForce } from '../../src/threads/force.ts';
import { openWorkForce } from '../../src/threads/work-force.ts';
import { createInProcessChannel } from '../../src/transport/in-process/in-process-transport.ts';

/** Threads start as soon as a unit waits. */
export const AT_ONCE: Partial<CrewPace> = { lookMs: 20, busyLooks: 0, unitsWaiting: 1 };

export interface ThreadedRun {
  readonly complete: boolean;
  readonly rows: number;
  readonly fetched: number;
  readonly elapsedMs: number;
  readonly notices: readonly string[];
}

/** @param onOpen - told of the working half before it begins */
export async function runThreaded(
  keys: Config,
  pace: Partial<CrewPace> = AT_ONCE,
  onOpen: (force: WorkForce) => void = () => {},
): Promise<ThreadedRun> {
  const config = resolveConfig(keys, 'download');
  const clock = systemClock;
  const output = config.sink.output as string;
  const place = await placeFor(config, output, clock);
  const force = openWorkForce(config, place, place.destination.name, pace);
  const input = await openJobInput(config, undefined);
  const beginning = await place.open(input, {});
  const { committer, destination } = place;
  const rollForward = destination.rollForward.bind(destination);
  const channel = createInProcessChannel({ committer, clock, rollForward, highWater: config.transport.queueUnits });
  const control = new RunControl(clock, config.run.drainMs, {});
  const notices: string[] = [];
  const startedMs = clock.nowMs();
  onOpen(force);
  try {
    const around = { unitsWaiting: () => channel.waiting, onNotice: (notice: string) => void notices.push(notice) };
    const complete = await control.run(
      plan(input.read(), input.cutting(), channel, control.stop),
      force.work(channel, control, around),
    );
    const elapsedMs = clock.nowMs() - startedMs;
    await force.close();
    const { rows, fetched } = await place.conclude(input, beginning, complete, elapsedMs);
    return { complete, rows, fetched, elapsedMs, notices };
  } finally {
    control.release();
    await force.close();
    await channel[Symbol.asyncDispose]();
    await input.close();
    await place.close();
  }
}
