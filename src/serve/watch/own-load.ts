/** What the process needs of the machine: memory, cores, and how busy its first thread is. */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../../clock.ts';
import { utilizationMeter } from '../../threads/load-meter.ts';
import type { OwnLoad } from './served-state.ts';

/** @returns what was used since the call before */
export function ownLoadMeter(clock: Clock): () => OwnLoad {
  const eventLoop = utilizationMeter(performance);
  let [atMs, used] = [clock.nowMs(), process.cpuUsage()];
  return () => {
    const nowMs = clock.nowMs();
    const { user, system } = process.cpuUsage(used);
    const cpu = nowMs > atMs ? (user + system) / 1000 / (nowMs - atMs) : 0;
    [atMs, used] = [nowMs, process.cpuUsage()];
    return { rssBytes: process.memoryUsage.rss(), cpu, eventLoop: eventLoop() };
  };
}
