import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HostProfiles } from '../../../src/stages/fetch/schedule/host-profiles.ts';
import { startDnsServer } from '../../support/dns-server.ts';
import { drain, type Row, type Stage, serving, stageFor, summary, until, urlsOf } from './fetching.ts';

/** Lanes without rows that are kept. */
const IDLE_HOSTS = 4096;
/** Rows that the stage takes in ahead of their turn, each of a host of its own at worst. */
const ROWS_AHEAD = 4096;

function manyHosts(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `h${at}.d${at % 500}.example`);
}

async function dnsServer(address: string | undefined) {
  const server = await startDnsServer(address);
  onTestFinished(() => server.close());
  return server;
}

/** Rows in, results counted, and the most that the stage kept of hosts at any time. */
async function watched(stage: Stage, urls: readonly string[]) {
  const most = { hosts: 0, pools: 0, names: 0 };
  const counts: Record<string, number> = {};
  Readable.from(urls.map((url): Row => ({ url }))).pipe(stage);
  for await (const result of stage) {
    const key = Object.keys(summary([result]))[0] as string;
    counts[key] = (counts[key] ?? 0) + 1;
    const { hosts, pools, names } = stage.stats();
    most.hosts = Math.max(most.hosts, hosts);
    most.pools = Math.max(most.pools, pools);
    most.names = Math.max(most.names, names);
  }
  return { most, counts };
}

describe('a long tail of hosts', () => {
  it('is fetched whole, and at no time are many of its 10,000 hosts kept in mind', async () => {
    const origin = await serving({}, { meanBytes: 500 });
    const stage = stageFor(origin, { enablePaarc: true, concurrentDownloads: 500, timeoutMs: 60_000 });
    const urls = manyHosts(10_000).flatMap((host) => urlsOf(host, 2));
    const { most, counts } = await watched(stage, urls);
    expect(counts).toEqual({ 'fetched 1': 20_000 });
    expect(most.hosts).toBeGreaterThan(IDLE_HOSTS);
    expect(most.hosts).toBeLessThanOrEqual(IDLE_HOSTS + ROWS_AHEAD);
    expect(most.pools).toBeLessThanOrEqual(2000);
    expect(stage.stats().hosts).toBe(IDLE_HOSTS);
  });

  it('has each name asked for again after it was forgotten, and not before', async () => {
    const origin = await serving({}, { meanBytes: 500 });
    const names = await dnsServer('127.0.0.1');
    const stage = stageFor(origin, {
      connectTo: [`:80::${origin.port}`],
      dnsServers: [names.address],
      allowPrivate: ['127.0.0.0/8'],
      concurrentDownloads: 200,
    });
    stage.resume();
    const hosts = manyHosts(5000);
    const fetch = async (rows: readonly string[]): Promise<void> => {
      const target = stage.stats().rowsFetched + rows.length;
      for (const url of rows) stage.write({ url });
      await until(() => stage.stats().rowsFetched === target, 60_000);
    };
    await fetch(rowEach(hosts, 'a'));
    expect(stage.stats().names).toBe(IDLE_HOSTS);
    expect(names.questions()).toBe(5000);
    const kept = hosts.slice(-100);
    const forgotten = hosts.slice(0, 100);
    await fetch(rowEach(kept, 'b'));
    expect(names.questions()).toBe(5000);
    await fetch(rowEach(forgotten, 'b'));
    expect(names.questions()).toBe(5100);
  });

  it('leaves no pool and no name behind, also where the number of pools is not bounded', async () => {
    const origin = await serving({});
    const nobody = await dnsServer(undefined);
    const stage = stageFor(origin, {
      connectTo: [],
      dnsServers: [nobody.address],
      // That nobody knows any name looks like a missing network.
      offlineHoldMs: 0,
      maxPools: 100_000,
      concurrentDownloads: 500,
    });
    const { most, counts } = await watched(stage, rowEach(manyHosts(10_000), 'a'));
    expect(counts).toEqual({ 'failed dns_not_found 1': 10_000 });
    expect(most.pools).toBeLessThanOrEqual(IDLE_HOSTS + ROWS_AHEAD);
    expect(stage.stats()).toMatchObject({ hosts: IDLE_HOSTS, names: IDLE_HOSTS });
  });
});

describe('what is known of a host', () => {
  it('outlives the queue and the gate that it had', async () => {
    const origin = await serving({}, { meanBytes: 500 });
    const hostProfiles = new HostProfiles();
    const stage = stageFor(origin, { enablePaarc: true, hostProfiles });
    stage.resume();
    for (const url of urlsOf('big.example', 60)) stage.write({ url });
    await until(() => stage.stats().rowsFetched === 60);
    expect(hostProfiles.size).toBe(0);
    for (const url of rowEach(manyHosts(IDLE_HOSTS), 'a')) stage.write({ url });
    await until(() => stage.stats().rowsFetched === 60 + IDLE_HOSTS, 60_000);
    expect([...hostProfiles]).toEqual([expect.objectContaining({ host: 'big.example' })]);
  });

  it('is kept when the stage ends, by itself or not', async () => {
    const origin = await serving({}, { meanBytes: 500 });
    const whole = new HostProfiles();
    await drain(stageFor(origin, { enablePaarc: true, hostProfiles: whole }), urlsOf('a.example', 100));
    expect([...whole]).toEqual([expect.objectContaining({ host: 'a.example', concurrency: expect.any(Number) })]);
    const cut = new HostProfiles();
    const stage = stageFor(origin, { enablePaarc: true, hostProfiles: cut });
    for (const url of urlsOf('a.example', 1000)) stage.write({ url });
    stage.resume();
    await until(() => stage.stats().rowsFetched > 100);
    stage.destroy();
    expect(cut.size).toBe(1);
  });
});

/** One row per host. */
function rowEach(hosts: readonly string[], name: string): string[] {
  return hosts.map((host) => `http://${host}/${name}.jpg`);
}
