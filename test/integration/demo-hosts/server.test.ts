import { describe, expect, it } from 'vitest';
import type { Rule } from '../../../src/demo-hosts/behaviour.ts';
import { startDemoHosts } from '../../../src/demo-hosts/start-demo-hosts.ts';
import { httpGet } from '../../support/http-get.ts';
import { createTestCa } from '../../support/test-ca.ts';
import { testOrigin } from '../../support/test-origin.ts';

describe('the server of the demo hosts', () => {
  it('counts requests, statuses and the most in flight per host', async () => {
    const rules: Rule[] = [
      { host: 'a.test', behaviours: [{ kind: 'latency', meanMs: 50 }] },
      { host: 'b.test', path: '/gone*', behaviours: [{ kind: 'status', status: 410 }] },
    ];
    const origin = await testOrigin({ rules });
    const urls = [
      'http://a.test/1.jpg',
      'http://a.test/2.jpg',
      'http://a.test/3.jpg',
      'http://b.test/gone.jpg',
      'http://b.test/here.jpg',
    ];
    await Promise.all(urls.map((url) => httpGet(url, { port: origin.port })));
    const stats = origin.stats();
    expect(stats.get('a.test')).toMatchObject({ requests: 3, byStatus: { 200: 3 }, maxInFlight: 3 });
    expect(stats.get('b.test')).toMatchObject({ requests: 2, byStatus: { 200: 1, 410: 1 } });
    origin.resetStats();
    expect(origin.stats().get('a.test')).toMatchObject({ requests: 0, byStatus: {}, arrivalsMs: [] });
  });

  it('can change its rules while it runs', async () => {
    const origin = await testOrigin({ rules: [{ behaviours: [{ kind: 'status', status: 503 }] }] });
    expect((await httpGet('http://host.test/a.jpg', { port: origin.port })).status).toBe(503);
    origin.setRules([]);
    expect((await httpGet('http://host.test/a.jpg', { port: origin.port })).status).toBe(200);
  });

  it('closes at once, whatever hangs', async () => {
    const origin = await startDemoHosts({ rules: [{ behaviours: [{ kind: 'never' }] }] });
    const hanging = httpGet('http://host.test/a.jpg', { port: origin.port });
    hanging.catch(() => {});
    await expect.poll(() => origin.stats().get('host.test')?.inFlight).toBe(1);
    await origin.close();
    await expect(hanging).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect.poll(() => origin.stats().get('host.test')?.inFlight).toBe(0);
  });

  it('refuses a rule that it does not understand', async () => {
    const rules = [{ behaviours: [{ kind: 'latencey' }] }] as unknown as Rule[];
    await expect(startDemoHosts({ rules })).rejects.toThrow(
      /rules\[0\]: unknown kind "latencey"; expected one of latency/,
    );
  });
});

describe('https', () => {
  it('shares the port with http and shows a certificate for the name asked for', async () => {
    const ca = createTestCa();
    const { port } = await testOrigin({ tls: ca.tls });
    expect((await httpGet('https://one.test/a.jpg', { port, ca: ca.caPem })).status).toBe(200);
    expect((await httpGet('https://two.example.org/a.jpg', { port, ca: ca.caPem })).status).toBe(200);
    expect((await httpGet('http://one.test/a.jpg', { port })).status).toBe(200);
  });

  it('is not trusted without the authority', async () => {
    const { port } = await testOrigin({ tls: createTestCa().tls });
    await expect(httpGet('https://one.test/a.jpg', { port, ca: createTestCa().caPem })).rejects.toThrow();
  });
});
