/** What others read datasets with, in Python: Hugging Face, webdataset, DuckDB, pyarrow. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe } from 'vitest';
import { findTool } from '../../scripts/cloud-tools.ts';
import { findPythonSet } from '../../scripts/python-packages.ts';
import { findVersitygw } from '../../scripts/versitygw-binary.ts';
import type { S3Gateway } from './s3-gateway.ts';

export const LOADERS = ['load_dataset', 'webdataset', 'duckdb', 'pyarrow'] as const;
export type Loader = (typeof LOADERS)[number];

const PROGRAM = fileURLToPath(new URL('read-from-store.py', import.meta.url));

/** A suite that reads with them from a gateway: skipped, and counted in one banner at the end, where one is missing. */
export function describeLoaders(name: string, suite: () => void): void {
  const isThere = findPythonSet('loaders') !== undefined && findTool('aws') !== undefined;
  const prefix = isThere && findVersitygw() === undefined ? 'S3: Loaders' : 'Loaders';
  describe.skipIf(!isThere || findVersitygw() === undefined)(`${prefix}: ${name}`, suite);
}

const FOLDER_PROGRAM = fileURLToPath(new URL('../loaders/read-from-folder.py', import.meta.url));

/** A suite that reads with them from a folder: skipped, and counted in one banner at the end, where they are missing. */
export function describeFolderLoaders(name: string, suite: () => void): void {
  const isThere = findPythonSet('loaders') !== undefined && findPythonSet('torchless') !== undefined;
  describe.skipIf(!isThere)(`Loaders: ${name}`, suite);
}

/** What the program beside this file says about a folder, read as `loader` says. */
export async function readFolderWith<Answer>(
  loader: 'hub' | 'imagefolder' | 'duckdb' | 'pandas' | 'pyarrow' | `${'duckdb' | 'polars' | 'pyarrow'}-data`,
  folder: string,
): Promise<Answer> {
  const home = await mkdtemp(join(tmpdir(), 'flow-dc-loader-'));
  const env = { ...process.env, HF_HOME: home, HF_HUB_OFFLINE: '1', HF_HUB_DISABLE_TELEMETRY: '1' };
  const args = [FOLDER_PROGRAM, loader, folder];
  try {
    const python = join(findPythonSet('loaders') as string, 'python');
    const { stdout } = await promisify(execFile)(python, args, { env, maxBuffer: 1 << 27 });
    return JSON.parse(stdout) as Answer;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/**
 * Every stored sample as [key, sha256 of its media], in the order in which the loader hands them out.
 * @param shards - a brace list, for those that cannot list a bucket
 */
export async function readWith(loader: Loader, gateway: S3Gateway, prefix: string, shards: string) {
  const bin = findPythonSet('loaders') as string;
  const home = await mkdtemp(join(tmpdir(), 'flow-dc-loader-'));
  const env = {
    ...process.env,
    ...gateway.env(),
    PATH: [dirname(findTool('aws') as string), process.env.PATH].join(delimiter),
    HF_HOME: home,
    // Offline mode would refuse the store as well; these keep it from telling anybody.
    HF_HUB_DISABLE_TELEMETRY: '1',
    HF_UPDATE_DOWNLOAD_COUNTS: '0',
  };
  const args = [PROGRAM, loader, gateway.url, gateway.bucket, prefix, shards];
  try {
    const { stdout } = await promisify(execFile)(join(bin, 'python'), args, { env, maxBuffer: 1 << 27 });
    const lines = stdout.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as [key: string, sha256: string]);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
