/** An origin that closes with the test. */
import { onTestFinished } from 'vitest';
import { type Origin, type OriginOptions, startOrigin } from '../../src/demo-hosts/origin.ts';

/** An origin that closes with the test. */
export async function testOrigin(options: OriginOptions = {}): Promise<Origin> {
  const origin = await startOrigin(options);
  onTestFinished(() => origin.close());
  return origin;
}
