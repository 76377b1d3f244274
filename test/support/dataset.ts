/** Reads a dataset back without any of our own code: python3 for tars, and only sqlite-plain JSON out of it. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tableFromIPC } from 'apache-arrow';
import { readParquet, type Table } from 'parquet-wasm';

const run = promisify(execFile);

export interface TarMember {
  readonly shard: string;
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

const LIST = `
import sys, tarfile, hashlib, json
for path in sys.argv[1:]:
    with tarfile.open(path) as tar:
        for member in tar:
            data = tar.extractfile(member).read()
            print(json.dumps([path.rsplit('/', 1)[1], member.name, len(data), hashlib.sha256(data).hexdigest()]))
`;

/** Whether python3 is there to read with. */
export async function hasPython(): Promise<boolean> {
  return run('python3', ['-c', 'import tarfile']).then(
    () => true,
    () => false,
  );
}

export async function shardPaths(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => /^\d+\.tar$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** Every member of every tar, as python3's tarfile sees it. */
export async function membersOf(folder: string): Promise<TarMember[]> {
  const paths = await shardPaths(folder);
  if (paths.length === 0) return [];
  const { stdout } = await run('python3', ['-c', LIST, ...paths], { maxBuffer: 1 << 28 });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [shard, name, bytes, sha256] = JSON.parse(line) as [string, string, number, string];
      return { shard, name, bytes, sha256 };
    });
}

export type Outcome = Readonly<Record<string, unknown>>;

/** Every row of every outcome table below `folder`, 64-bit integers as numbers. */
export async function outcomesOf(folder: string): Promise<Outcome[]> {
  const names = (await readdir(folder)).filter((name) => /^\d+\.parquet$/.test(name)).sort();
  const rows: Outcome[] = [];
  for (const name of names) {
    const table: Table = readParquet(new Uint8Array(await readFile(join(folder, name))));
    for (const row of tableFromIPC(table.intoIPCStream())) {
      const plain = Object.entries(row?.toJSON() ?? {}).map(([key, value]) => [
        key,
        typeof value === 'bigint' ? Number(value) : value,
      ]);
      rows.push(Object.fromEntries(plain));
    }
  }
  return rows;
}

/** What must not depend on how often a run was interrupted. */
export function essence(rows: readonly Outcome[]): string[] {
  return rows.map(({ row, key, sha256, status, code }) => JSON.stringify([row, key, sha256, status, code])).sort();
}
