/** The account for people: table of hosts, where the files are, what to do next. */
import { count } from '../../format.ts';
import { textTable } from '../terminal/text-table.ts';
import type { DemoHost } from './demo-hosts.ts';
import type { DemoTally } from './demo-tally.ts';

/** A table for people: what each host was like, what was stored, what was not and why. */
export function hostTable(hosts: readonly DemoHost[], tally: DemoTally): string {
  const rows = hosts.map(({ name, rows, story }) => {
    const counts = tally.of(name);
    const failures = [...counts]
      .filter(([code]) => code !== 'stored')
      .map(([code, failed]) => `${count(failed)} ${code}`);
    return [name, count(rows), count(counts.get('stored') ?? 0), failures.join(', ') || '-', story];
  });
  const lines = textTable(
    [['host', 'rows', 'stored', 'not stored, why', 'what the host is like'], ...rows],
    ['left', 'right', 'right', 'left', 'left'],
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** Where the files are, how to look into them, what to type next. Paths relative to the current folder. */
export function nextSteps(paths: { readonly manifest: string; readonly dataset: string }, program: string): string {
  const { manifest, dataset } = paths;
  return `Files
  ${manifest}   the manifest: url, caption, label, licence
  ${dataset}/000000.tar ...   samples: KEY.jpg with the image, KEY.txt with its caption, KEY.json with the rest
  ${dataset}/000000.parquet ...   one line per manifest row: status, code, sha256, size, times
  ${dataset}/overview.json   the sums

Look into them
  tar tf ${dataset}/000000.tar | head
  python3 -c "import webdataset as w; print(next(iter(w.WebDataset('${dataset}/000000.tar'))))"   (pip install webdataset)

Your turn
  ${program} download YOUR-URLS.parquet -o my-dataset --contact you@example.org
  Any parquet, csv, jsonl or list of URLs will do; the same command again goes on where it stopped. docs/errors.md explains every code.
`;
}
