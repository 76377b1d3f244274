import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { drawPng } from '../../../src/demo-hosts/png-and-webp.ts';
import { drain, stageFor, summary, until, urlsOf } from './fetching.ts';

const PNG = drawPng(8, 8, () => 100);
const HOSTS = ['a.one.org', 'b.one.org', 'c.two.org'];
const URLS = HOSTS.flatMap((host) => urlsOf(host, 6));

/** Most requests in flight at a time to all three hosts, each answered after 10 ms. */
async function mostInFlight(budgetBy: 'host' | 'domain' | 'address'): Promise<number> {
  const { stage, most } = await opened(budgetBy);
  expect(summary(await drain(stage, URLS))).toEqual({ 'fetched 1': URLS.length });
  return most();
}

/** A stage under such a rule, and the most requests that it had in flight. */
async function opened(budgetBy: 'host' | 'domain' | 'address') {
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
  return { stage, most: () => most };
}

it('a limit of one at a time holds for each host, each domain, or each address, as the rule says', async () => {
  expect(await Promise.all((['host', 'domain', 'address'] as const).map(mostInFlight))).toEqual([3, 2, 1]);
});

it('of hosts that share one limit, and one queue, those can be skipped that somebody names', async () => {
  const { stage } = await opened('domain');
  const ending = drain(stage, URLS);
  await until(() => stage.stats().queued === URLS.length - 2);
  stage.setHost({ host: 'b.one.org', skip: true });
  const codes = (await ending).map(({ host, code }) => `${host} ${code}`);
  expect(codes.filter((code) => code === 'b.one.org host_skipped')).toHaveLength(6);
  expect(codes.filter((code) => code.endsWith('undefined'))).toHaveLength(12);
});
