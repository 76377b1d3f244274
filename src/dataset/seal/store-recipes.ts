/** How shards are read straight from an object store, for the card of a dataset that lies there. */
import { isDataFile } from '../unit-files.ts';

/**
 * A section of the card; nothing for a dataset that lies elsewhere, or has no shards.
 * @param name - of the destination
 * @param containers - names of its tar archives, in order
 * @param endpoint - of the store, where it is not its provider's own
 */
export function storeRecipes(name: string, containers: readonly string[], endpoint: string | undefined): string[] {
  const scheme = /^(s3|gs):\/\//.exec(name)?.[1];
  const [first, last] = [containers[0], containers.at(-1)];
  if (scheme === undefined || first === undefined || last === undefined) return [];
  if (isDataFile(first)) return [...HEADING, ...tablesIn(name, [`SELECT count(*) FROM '${name}/data-*.parquet';`])];
  const [from, to, ending] = [shardNumber(first), shardNumber(last), first.slice(shardNumber(first).length)];
  const range = from === to ? from : `{${from}..${to}}`;
  const reach = endpoint === undefined ? '' : `--endpoint-url ${endpoint} `;
  const read =
    scheme === 's3' ? `aws ${reach}s3 cp ${name}/${range}${ending} -` : `gsutil cat ${name}/${range}${ending}`;
  return [
    ...HEADING,
    ...['```python', 'import webdataset', `dataset = webdataset.WebDataset("pipe:${read}")`, '```', ''],
    ...tablesIn(name, []),
  ];
}

const HEADING: readonly string[] = [
  ...['## Reading it from where it lies', ''],
  ...['With credentials of your own, without a copy on disk:', ''],
];

function tablesIn(name: string, queries: readonly string[]): string[] {
  const outcomes = `SELECT status, code, count(*) FROM '${name}/[0-9]*.parquet' GROUP BY ALL;`;
  return ['```sql', ...queries, outcomes, '```', ''];
}

function shardNumber(name: string): string {
  return /^\d*/.exec(name)?.[0] ?? '';
}
