/** An S3 gateway on this machine, on the disk that the other runs write to: what the network would add is not there. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findVersitygw } from '../../scripts/versitygw-binary.ts';
import { startS3Gateway } from '../../test/support/s3-gateway.ts';

export interface BenchStore {
  /** Another prefix for every `out`. */
  urlFor(out: string): string;
  readonly env: Readonly<Record<string, string>>;
}

/** Started once, gone with this process; undefined where there is no versitygw. */
export async function startBenchStore(below: string): Promise<BenchStore | undefined> {
  if (findVersitygw() === undefined) return undefined;
  const folder = mkdtempSync(join(below, 'flow-dc-bench-s3-'));
  const gateway = await startS3Gateway('versitygw', { folder });
  process.once('exit', () => {
    process.kill(gateway.pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  gateway.unref();
  return {
    urlFor: (out) => `s3://${gateway.bucket}/${createHash('sha256').update(out).digest('hex').slice(0, 12)}`,
    env: gateway.env(),
  };
}
