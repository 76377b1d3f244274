/** How busy a thread is, and how idle the machine. */
import { cpus } from 'node:os';
import type { EventLoopUtilityFunction, EventLoopUtilization } from 'node:perf_hooks';

/** @returns utilisation of an event loop since the last call */
export function utilizationMeter(of: { readonly eventLoopUtilization: EventLoopUtilityFunction }): () => number {
  let before: EventLoopUtilization = of.eventLoopUtilization();
  return () => {
    const now = of.eventLoopUtilization();
    const { utilization } = of.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}

/**
 * Idle time of all cores since the machine began, in milliseconds; undefined where the system does not say. Waiting for
 * a disk is not idle. Reads some files per core: not for every look.
 */
export function machineIdleMs(): number | undefined {
  const idleMs = cpus().reduce((sum, { times }) => sum + times.idle, 0);
  return idleMs > 0 ? idleMs : undefined;
}
