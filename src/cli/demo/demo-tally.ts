/** Counts rows by host and code, and says what is surprising. */
import { subscribe } from '../../telemetry/channels.ts';
import type { DemoHost } from './demo-hosts.ts';

/** How many rows of a host ended how; `stored` stands for no code. */
export type HostTally = ReadonlyMap<string, number>;

export interface DemoTally {
  of(host: string): HostTally;
  /** What is not as it should be, one line each. */
  surprises(hosts: readonly DemoHost[]): string[];
  stop(): void;
}

/** Count every row that is settled in this process from now on. */
export function countRows(): DemoTally {
  const hosts = new Map<string, Map<string, number>>();
  const of = (host: string): Map<string, number> => {
    const tally = hosts.get(host) ?? new Map<string, number>();
    hosts.set(host, tally);
    return tally;
  };
  const stop = subscribe('flow-dc:row', ({ host, code = 'stored' }) => {
    const tally = of(host);
    tally.set(code, (tally.get(code) ?? 0) + 1);
  });
  return { of, stop, surprises: (expected) => expected.flatMap((host) => surprisesOf(host, of(host.name))) };
}

function surprisesOf({ name, rows, certain = [], possible = [] }: DemoHost, tally: HostTally): string[] {
  const seen = [...tally.values()].reduce((sum, count) => sum + count, 0);
  const known = new Set(['stored', ...certain, ...possible]);
  const missing = ['stored', ...certain]
    .filter((code) => !tally.has(code))
    .map((code) => `${name}: expected some rows ${code}, got none`);
  const foreign = [...tally]
    .filter(([code]) => !known.has(code))
    .map(([code, count]) => `${name}: ${count} rows ended ${code}`);
  return [...(seen === rows ? [] : [`${name}: expected ${rows} rows, got ${seen}`]), ...missing, ...foreign];
}
