import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSink, fetchUnits, partitionByHost, readManifest } from '../../../src/index.ts';
import { serving, urlsOf } from '../fetch/fetching.ts';

/** Read, cut, fetch and store four rows in units of `shardSize`, in a store whose commit fails. */
async function endWith(commit: () => unknown, shardSize: number): Promise<unknown> {
  const origin = await serving({});
  const folder = mkdtempSync(join(tmpdir(), 'failing-commit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const manifest = join(folder, 'm.csv');
  writeFileSync(manifest, ['url', ...urlsOf('h.test', 4)].join('\n'));
  const writer = { write: async () => {}, commit, abort: async () => {} };
  return pipeline(
    readManifest([manifest]),
    partitionByHost({ shardSize }),
    fetchUnits({ connectTo: [origin.connectTo] }),
    createSink({ open: async () => writer } as never),
  ).then(
    () => 'resolved',
    (error: unknown) => error,
  );
}

describe('a pipeline whose sink could not commit a unit', () => {
  const refused = new Error('my store refused');
  const failures: readonly [string, () => unknown][] = [
    ['rejects', async () => Promise.reject(refused)],
    [
      'throws',
      () => {
        throw refused;
      },
    ],
  ];

  it.each(failures)('rejects with the cause, however many units there are: the commit %s', async (_, commit) => {
    for (const shardSize of [1, 2, 4]) {
      const error = await endWith(commit, shardSize);
      expect(error).toMatchObject({ code: 'FDC_ERR_UNIT_FAILED', cause: refused });
    }
  });

  it('rejects as well when what was thrown is no error', async () => {
    const commit = (): never => {
      throw null;
    };
    expect(await endWith(commit, 4)).toMatchObject({ code: 'FDC_ERR_UNIT_FAILED', cause: expect.any(Error) });
  });
});
