import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { drawPng } from '../../../src/demo-hosts/png-and-webp.ts';
import { drain, stageFor, summary, urlsOf } from './fetching.ts';

const PNG = drawPng(8, 8, () => 100);
const HOSTS = ['a.one.org', 'b.one.org', 'c.two.org'];
const URLS = HOSTS.flatMap((host) => urlsOf(host, 6));

/** Most requests in flight at a time to all three hosts, each answered after 10 ms. */
async function mostInFlight(budgetBy: 'host' | 'domain' | 'address'): Promise<number> {
  let [now, most] = [0, 0];
  const server = createServer((_request, response) => {
    now += 1;
    most = Math.max(most, now);
    setTimeout(() => {
      now -= 1;
      response.end(PNG);
    }, 10);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const connectTo = `::127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stage = stageFor({ connectTo } as never, { hosts: { '*': { budgetBy, cMax: 1 } } });
  expect(summary(await drain(stage, URLS))).toEqual({ 'fetched 1': URLS.length });
  return most;
}

it('a limit of one at a time holds for each host, each domain, or each address, as the rule says', async () => {
  expect(await Promise.all((['host', 'domain', 'address'] as const).map(mostInFlight))).toEqual([3, 2, 1]);
});
