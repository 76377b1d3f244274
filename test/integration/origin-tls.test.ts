import { describe, expect, it, onTestFinished } from 'vitest';
import { type Origin, type OriginOptions, startOrigin } from '../../src/demo-hosts/origin.ts';
import { httpGet } from '../support/http-get.ts';
import { createTestCa } from '../support/test-ca.ts';

async function serving(options: OriginOptions): Promise<Origin> {
  const origin = await startOrigin(options);
  onTestFinished(() => origin.close());
  return origin;
}

describe('https', () => {
  it('shares the port with http and shows a certificate for the name asked for', async () => {
    const ca = createTestCa();
    const { port } = await serving({ tls: ca.tls });
    expect((await httpGet('https://one.test/a.jpg', { port, ca: ca.caPem })).status).toBe(200);
    expect((await httpGet('https://two.example.org/a.jpg', { port, ca: ca.caPem })).status).toBe(200);
    expect((await httpGet('http://one.test/a.jpg', { port })).status).toBe(200);
  });

  it('is not trusted without the authority', async () => {
    const { port } = await serving({ tls: createTestCa().tls });
    await expect(httpGet('https://one.test/a.jpg', { port, ca: createTestCa().caPem })).rejects.toThrow();
  });
});
