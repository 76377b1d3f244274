import { describe, expect, it } from 'vitest';
import { NameResolver, type NameServers, nameServers } from '../../../src/network/resolver.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

type Answer = { address: string; ttl: number }[] | string;

/** Name servers with a script: a list of addresses, or an error code. */
function scripted(answers: { 4?: Answer; 6?: Answer }, speaks?: { ipv4: boolean; ipv6: boolean }) {
  const asked: string[] = [];
  const answer = (family: 4 | 6) => async (name: string) => {
    asked.push(`${family} ${name}`);
    const found = answers[family] ?? 'ENODATA';
    if (typeof found === 'string') throw Object.assign(new Error(found), { code: found });
    return found;
  };
  const servers = { resolve4: answer(4), resolve6: answer(6), cancel: () => {} } as unknown as NameServers;
  const clock = new VirtualClock();
  return { asked, clock, answers, resolver: new NameResolver(clock, servers, speaks) };
}

const V4 = [{ address: '192.0.2.1', ttl: 60 }];
const V6 = [{ address: '2001:db8::1', ttl: 60 }];

describe('addresses of the other family', () => {
  const both = { ipv4: true, ipv6: true };

  it('are asked for when they are needed, once, and forgotten with the name', async () => {
    const { resolver, asked } = scripted({ 4: V4, 6: V6 }, both);
    await resolver.resolve('h.example');
    expect(asked).toEqual(['4 h.example']);
    expect(await resolver.others('h.example')?.()).toEqual(['2001:db8::1']);
    await resolver.others('h.example')?.();
    expect(asked).toEqual(['4 h.example', '6 h.example']);
    resolver.forget('h.example');
    expect(resolver.size).toBe(0);
  });

  it('are none where this machine speaks one only, or the name has none', async () => {
    expect(scripted({ 4: V4, 6: V6 }, { ipv4: true, ipv6: false }).resolver.others('h.example')).toBeUndefined();
    expect(scripted({}, both).resolver.others('192.0.2.1')).toBeUndefined();
    expect(await scripted({ 4: V4, 6: 'SERVFAIL' }, both).resolver.others('h.example')?.()).toEqual([]);
    const { resolver, asked } = scripted({ 6: V6 }, both);
    expect(await resolver.others('h.example')?.()).toEqual([]);
    expect(asked).toEqual(['4 h.example', '6 h.example']);
  });
});

describe('a name', () => {
  it('is asked for once, however many wait for it', async () => {
    const { resolver, asked } = scripted({ 4: V4 });
    const all = await Promise.all(Array.from({ length: 50 }, () => resolver.resolve('h.example')));
    expect(all.every(([address]) => address === '192.0.2.1')).toBe(true);
    expect(asked).toEqual(['4 h.example']);
  });

  it('is kept for its TTL, and for five seconds at least', async () => {
    const { resolver, asked, clock, answers } = scripted({ 4: [{ address: '192.0.2.1', ttl: 0 }] });
    await resolver.resolve('h.example');
    await clock.advance(4999);
    await resolver.resolve('h.example');
    expect(asked).toHaveLength(1);
    answers[4] = V4;
    await clock.advance(1);
    await resolver.resolve('h.example');
    await clock.advance(59_999);
    await resolver.resolve('h.example');
    expect(asked).toHaveLength(2);
  });

  it('that was forgotten is asked for again, and takes no room meanwhile', async () => {
    const { resolver, asked } = scripted({ 4: V4 });
    await resolver.resolve('h.example');
    resolver.forget('h.example');
    expect(resolver.size).toBe(0);
    await resolver.resolve('h.example');
    expect(asked).toEqual(['4 h.example', '4 h.example']);
  });

  it('with IPv6 addresses only is found too', async () => {
    expect(await scripted({ 6: V6 }).resolver.resolve('h.example')).toEqual(['2001:db8::1']);
  });

  it('that does not exist is not asked for again for half a minute', async () => {
    const { resolver, asked, clock } = scripted({ 4: 'ENOTFOUND', 6: 'ENOTFOUND' });
    await expect(resolver.resolve('h.example')).rejects.toMatchObject({ code: 'dns_not_found' });
    await expect(resolver.resolve('h.example')).rejects.toMatchObject({ code: 'dns_not_found' });
    expect(asked).toHaveLength(2);
    await clock.advance(30_000);
    await expect(resolver.resolve('h.example')).rejects.toMatchObject({ code: 'dns_not_found' });
    expect(asked).toHaveLength(4);
  });

  it('that got no answer is asked for again by a retry', async () => {
    const { resolver, clock, answers } = scripted({ 4: 'ETIMEOUT' });
    await expect(resolver.resolve('h.example')).rejects.toMatchObject({ code: 'dns_error' });
    answers[4] = V4;
    await clock.advance(1000);
    expect(await resolver.resolve('h.example')).toEqual(['192.0.2.1']);
  });

  it.each(['127.0.0.1', '::1'])('that is an address needs nobody: %s', async (address) => {
    const { resolver, asked } = scripted({});
    expect(await resolver.resolve(address)).toEqual([address]);
    expect(asked).toEqual([]);
  });

  it('of the hosts file needs no name server', async () => {
    const { resolver, asked } = scripted({});
    expect((await resolver.resolve('localhost')).length).toBeGreaterThan(0);
    expect(asked).toEqual([]);
  });
});

it('two hundred thousand names leave fifty thousand behind', async () => {
  const { resolver } = scripted({ 4: V4 });
  for (let batch = 0; batch < 60; batch += 1)
    await Promise.all(Array.from({ length: 1000 }, (_, at) => resolver.resolve(`h${batch}-${at}.example`)));
  expect(resolver.size).toBe(50_000);
});

it('name servers that are no addresses are refused at construction', () => {
  expect(() => nameServers(['ns.example'])).toThrow(/dns_server/);
  expect(() => nameServers(['192.0.2.53', '[2001:db8::53]:5353'])).not.toThrow();
});

describe('a name that will be needed', () => {
  /** Servers that answer when they are told to. */
  function slow() {
    const asked: string[] = [];
    const answers: (() => void)[] = [];
    const resolve4 = (name: string) => {
      asked.push(name);
      return new Promise((resolve) => answers.push(() => resolve(V4)));
    };
    const servers = { resolve4, resolve6: resolve4, cancel: () => {} } as unknown as NameServers;
    return { asked, answers, resolver: new NameResolver(new VirtualClock(), servers) };
  }

  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  /** The file of hosts is read first. */
  async function until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await turn();
  }

  it('is asked for ahead, 32 at a time, and one that is needed now does not wait for them', async () => {
    const { asked, answers, resolver } = slow();
    for (let at = 0; at < 40; at++) resolver.expect(`h${at}.example`);
    await until(() => asked.length === 32);
    const now = resolver.resolve('now.example');
    await turn();
    expect(asked).toHaveLength(33);
    answers.at(-1)?.();
    expect(await now).toEqual(['192.0.2.1']);
    for (const answer of answers.splice(0)) answer();
    await until(() => asked.length === 41);
    expect(new Set(asked).size).toBe(41);
  });

  it('is not asked for when the answer is known, or is an address', async () => {
    const { resolver, asked } = scripted({ 4: V4 });
    await resolver.resolve('h.example');
    for (const name of ['h.example', '192.0.2.7', '::1']) resolver.expect(name);
    await turn();
    expect(asked).toEqual(['4 h.example']);
  });

  it('is not asked for after the end', async () => {
    const { asked, answers, resolver } = slow();
    for (let at = 0; at < 40; at++) resolver.expect(`h${at}.example`);
    await until(() => asked.length === 32);
    resolver.close();
    for (const answer of answers.splice(0)) answer();
    await turn();
    expect(asked).toHaveLength(32);
  });
});
