/** A real S3 gateway with one bucket, which ends with the test. */
import { createRequire } from 'node:module';
import { onTestFinished } from 'vitest';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { openObjectStore } from '../../../src/store/s3/open-object-store.ts';
import type { S3Settings } from '../../../src/store/s3/settings.ts';
import { tempFolder } from '../../support/temp-folder.ts';

export const BUCKET = 'bucket';

interface Rver {
  run(): Promise<{ readonly port: number }>;
  close(): Promise<void>;
}

/** @returns its endpoint */
export async function startGateway(): Promise<string> {
  const Rver = createRequire(import.meta.url)('s3rver') as new (options: object) => Rver;
  const server = new Rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory: await tempFolder(),
    configureBuckets: [{ name: BUCKET }],
  });
  const { port } = await server.run();
  onTestFinished(() => server.close());
  return `http://127.0.0.1:${port}`;
}

/** A store there, with the credentials that it takes. */
export async function openTestStore(endpoint: string, prefix: string, settings: S3Settings = {}): Promise<ObjectStore> {
  process.env.AWS_ACCESS_KEY_ID = 'S3RVER';
  process.env.AWS_SECRET_ACCESS_KEY = 'S3RVER';
  const store = await openObjectStore(`s3://${BUCKET}/${prefix}`, { endpoint, ...settings });
  onTestFinished(() => store.close());
  return store;
}
