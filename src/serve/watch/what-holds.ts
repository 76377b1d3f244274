/** What holds a run back at this moment, in a sentence: the network, a host, the disk, the processor, memory. Pure. */
import { count, duration, percent } from '../../format.ts';
import type { HostLoad } from '../../stages/fetch/result-stream.ts';
import type { Bottleneck } from '../../telemetry/channels.ts';
import type { Holding } from './served-state.ts';

/** Of the time, in which the output took no more. Chosen, as in a report. */
const OUTPUT_SHARE = 0.5;
/** Of the memory for bodies. Chosen. */
const MEMORY_SHARE = 0.9;
/** Of the time of a thread, or of all cores. Chosen. */
const BUSY_SHARE = 0.9;
/** Of the downloads that there may be. Chosen. */
const FULL_SHARE = 0.95;
/** Of the rows that wait. Chosen. */
const MOST_ROWS = 0.5;

export interface Situation {
  readonly isPaused: boolean;
  readonly isDraining: boolean;
  /** Nothing is sent before there is room on the disk. */
  readonly isShortOfDisk?: boolean | undefined;
  /** Rows are held because no host can be reached. */
  readonly isOffline: boolean;
  /** What this machine is short of. */
  readonly shortage?: string | undefined;
  readonly bottleneck?: Bottleneck | undefined;
  /** Of the last second, in which the output took no more, 0..1. */
  readonly heldShare: number;
  /** Of the memory for bodies that is in use, 0..1. */
  readonly bodyShare: number;
  /** Of the first thread, 0..1. */
  readonly eventLoop: number;
  /** Cores in use, and those that there are. */
  readonly cpu: number;
  readonly cores: number;
  readonly inFlight: number;
  readonly maxInFlight: number;
  readonly queued: number;
  /** Of a job on a server: workers that are there, and shards that wait for one. */
  readonly workers?: number | undefined;
  readonly shardsLeft?: number | undefined;
  /** All with rows. */
  readonly hosts: readonly HostLoad[];
}

export function whatHolds(now: Situation): Holding {
  const { isPaused, isDraining, isOffline, shortage, bottleneck, heldShare, bodyShare } = now;
  if (isPaused) return { by: 'pause', words: 'Paused: nothing is sent until somebody goes on.' };
  if (isDraining) return { by: 'pause', words: 'Told to end: what is open is finished, nothing new is begun.' };
  if (now.isShortOfDisk === true)
    return { by: 'disk', words: 'Disk: less is free than disk_reserve says; nothing is fetched until there is room.' };
  if (now.workers === 0 && now.shardsLeft !== 0) {
    const rest = now.shardsLeft === undefined ? '' : ` ${count(now.shardsLeft)} shards wait for one;`;
    return { by: 'source', words: `Workers: none is there;${rest} flow-dc worker joins.` };
  }
  if (isOffline)
    return { by: 'network', words: 'Network: no host can be reached from here; rows are held, none is lost.' };
  if (shortage !== undefined) return { by: 'memory', words: `This machine: ${shortage}.` };
  if (heldShare > OUTPUT_SHARE)
    return { by: 'disk', words: `Disk or store: for ${percent(heldShare)} of the time the output took no more.` };
  if (bottleneck !== undefined) return { by: 'host', words: heldByHost(bottleneck), host: bottleneck.host };
  if (bodyShare > MEMORY_SHARE)
    return { by: 'memory', words: `Memory: ${percent(bodyShare)} of body_memory is full of what is not written yet.` };
  return heldByWork(now);
}

function heldByHost({ host, heldMs, waiting, inFlight, code, pausedMs, requestsPerSecond }: Bottleneck): string {
  const why =
    pausedMs !== undefined
      ? `refuses for ${duration(pausedMs)} more`
      : code !== undefined
        ? `fails (${code})`
        : `answers ${Math.round(requestsPerSecond * 10) / 10} requests/s`;
  return `Host: ${host} is nearly all that is left for ${duration(heldMs)}; it ${why}, ${count(waiting + inFlight)} rows.`;
}

function heldByWork({ eventLoop, cpu, cores, inFlight, maxInFlight, queued, hosts }: Situation): Holding {
  const used = `${cpu.toFixed(1)} of ${count(cores)} cores in use`;
  if (cpu > BUSY_SHARE * cores) return { by: 'cpu', words: `Processor: ${used}.` };
  if (eventLoop > BUSY_SHARE)
    return { by: 'cpu', words: `Processor: the first thread is busy all the time, ${used}; more threads may help.` };
  if (inFlight >= FULL_SHARE * maxInFlight)
    return { by: 'limit', words: `As many downloads at once as concurrent_downloads allows: ${count(maxInFlight)}.` };
  let most: HostLoad | undefined;
  let waiting = 0;
  let rows = 0;
  for (const host of hosts) {
    if (host.waiting === 0) continue;
    waiting += 1;
    rows += host.waiting;
    if (most === undefined || host.waiting > most.waiting) most = host;
  }
  // Threads and workers tell of their hosts and of their rows at different moments.
  const all = Math.max(queued, rows);
  if (most !== undefined && most.waiting >= MOST_ROWS * all)
    return {
      by: 'host',
      words: `Host: ${count(most.waiting)} of ${count(all)} rows wait for ${most.host}.`,
      host: most.host,
    };
  if (waiting > 0)
    return {
      by: 'host',
      words: `Hosts: rows wait for the limits of ${count(waiting)} hosts.`,
      host: most?.host,
    };
  if (inFlight > 0) return { by: 'nothing', words: 'Nothing: every row that is here is under way.' };
  return { by: 'source', words: 'No rows to work on: the manifest, or units to take, are waited for.' };
}
