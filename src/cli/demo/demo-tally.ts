/** The account of a demo: rows counted by host and code, what of it is surprising, what to do next. */
import { count } from '../../format.ts';
import { subscribe } from '../../telemetry/channels.ts';
import { textTable } from '../terminal/report-text.ts';
import type { DemoHost } from './demo-hosts.ts';

/** How many rows of a host ended how; `fetched` stands for no code. */
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
  const stop = subscribe('flow-dc:row', ({ host, code = 'fetched' }) => {
    const tally = of(host);
    tally.set(code, (tally.get(code) ?? 0) + 1);
  });
  return { of, stop, surprises: (expected) => expected.flatMap((host) => surprisesOf(host, of(host.name))) };
}

function surprisesOf({ name, rows, certain = [], possible = [] }: DemoHost, tally: HostTally): string[] {
  const seen = [...tally.values()].reduce((sum, number) => sum + number, 0);
  const known = new Set(['fetched', ...certain, ...possible]);
  const missing = ['fetched', ...certain]
    .filter((code) => !tally.has(code))
    .map((code) => `${name}: expected some rows ${code}, got none`);
  const foreign = [...tally]
    .filter(([code]) => !known.has(code))
    .map(([code, number]) => `${name}: ${number} rows ended ${code}`);
  return [...(seen === rows ? [] : [`${name}: expected ${rows} rows, got ${seen}`]), ...missing, ...foreign];
}

/** A table for people: what each host was like, what was fetched, what was not and why. */
export function hostTable(hosts: readonly DemoHost[], tally: DemoTally): string {
  const rows = hosts.map(({ name, rows, story }) => {
    const counts = tally.of(name);
    const failures = [...counts]
      .filter(([code]) => code !== 'fetched')
      .map(([code, failed]) => `${count(failed)} ${code}`);
    return [name, count(rows), count(counts.get('fetched') ?? 0), failures.join(', ') || '-', story];
  });
  const lines = textTable(
    [['host', 'rows', 'fetched', 'not fetched, why', 'what the host is like'], ...rows],
    ['left', 'right', 'right', 'left', 'left'],
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** Where the files are, how to look into them, what to type next. Paths relative to the current folder. */
export function nextSteps(paths: { readonly manifest: string; readonly dataset: string }, program: string): string {
  const { manifest, dataset } = paths;
  const firstSample = `next(iter(w.WebDataset('${dataset}/000000.tar')))`;
  return `Files
  ${manifest}   the manifest: url, caption, label, licence
  ${dataset}/000000.tar ...   samples: KEY.jpg with the image, KEY.txt with its caption, KEY.json with the rest
  ${dataset}/000000.parquet ...   one line per manifest row: status, code, sha256, size, times
  ${dataset}/overview.json   the sums

Look into them
  tar tf ${dataset}/000000.tar | head
  python3 -c "import webdataset as w; print(${firstSample})"   (pip install webdataset)

Your turn
  ${program} download YOUR-URLS.parquet -o my-dataset --contact you@example.org
  Any parquet, csv, jsonl or list of URLs will do; the same command again goes on where it stopped. \
docs/errors.md explains every code.
`;
}
