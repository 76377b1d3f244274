/** An origin that closes with the test. */
import { onTestFinished } from 'vitest';
import { type DemoHosts, type DemoHostsOptions, startDemoHosts } from '../../src/demo-hosts/start-demo-hosts.ts';

/** An origin that closes with the test. */
export async function testOrigin(options: DemoHostsOptions = {}): Promise<DemoHosts> {
  const origin = await startDemoHosts(options);
  onTestFinished(() => origin.close());
  return origin;
}
