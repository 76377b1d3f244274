/** A store on a gateway, with the gateway's credentials and no others. */
import { onTestFinished, vi } from 'vitest';
import type { Clock } from '../../../src/clock.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { openObjectStore } from '../../../src/store/s3/open-object-store.ts';
import type { S3Settings } from '../../../src/store/s3/settings.ts';
import type { S3Gateway } from '../../support/s3-gateway.ts';

/** What a gateway's programs have in their environment, for the rest of the test. The endpoint is given apart. */
export function stubCredentials(gateway: S3Gateway, others: Readonly<Record<string, string>> = {}): void {
  const { AWS_ENDPOINT_URL: _, ...env } = gateway.env();
  for (const [name, value] of Object.entries({ ...env, ...others })) vi.stubEnv(name, value);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
}

export async function openTestStore(
  gateway: S3Gateway,
  prefix = 'data',
  settings: S3Settings = {},
): Promise<ObjectStore> {
  stubCredentials(gateway);
  const store = await openObjectStore(`s3://${gateway.bucket}/${prefix}`, { endpoint: gateway.url, ...settings });
  onTestFinished(() => store.close());
  return store;
}

/** Twenty times as fast as time is: what waits for a minute waits for three seconds. */
export const HURRYING: Clock = {
  nowMs: () => performance.now() * 20,
  wallMs: () => Date.now(),
  timer: (delayMs, fn) => {
    const timer = setTimeout(fn, delayMs / 20);
    return () => clearTimeout(timer);
  },
};

export async function keysOf(store: ObjectStore, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

export async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
