import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../../../src/clock.ts';
import { OriginPools } from '../../../../../src/stages/fetch/connect/origin-pools.ts';

type Connection = ReturnType<OriginPools['borrow']>;

function poolsOf(maxPools: number, maxConnections?: number): OriginPools {
  const connect = (): never => {
    throw new Error('a test asked for a connection');
  };
  const pools = new OriginPools({ connect }, systemClock, maxPools, maxConnections);
  onTestFinished(() => pools.close());
  return pools;
}

function useOnce(pools: OriginPools, origin: string): void {
  pools.giveBack(origin, pools.borrow(origin), true);
}

/** Connections are closed a turn later than they are dropped. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the connections of a host', () => {
  it('go with it, http and https, and of no other port or host', () => {
    const pools = poolsOf(100);
    for (const origin of ['http://a.example', 'https://a.example', 'http://a.example:81', 'http://b.example'])
      useOnce(pools, origin);
    pools.drop('a.example');
    expect(pools.size).toBe(2);
    pools.drop('a.example:81');
    pools.drop('never.example');
    expect(pools.size).toBe(1);
  });

  it('stay while a request is under way', async () => {
    const pools = poolsOf(100);
    const client = pools.borrow('http://a.example');
    pools.drop('a.example');
    await nextTurn();
    expect(client.destroyed).toBe(false);
    pools.giveBack('http://a.example', client, true);
    pools.drop('a.example');
    await nextTurn();
    expect(client.destroyed).toBe(true);
    expect(pools.size).toBe(0);
  });

  it('are closed when too many other origins were used since', async () => {
    const pools = poolsOf(2);
    for (const host of ['a', 'b', 'a', 'c']) useOnce(pools, `http://${host}.example`);
    const [a, c] = ['a', 'c'].map((host) => pools.borrow(`http://${host}.example`));
    await nextTurn();
    expect([pools.size, a?.destroyed, c?.destroyed]).toEqual([2, false, false]);
  });

  it('are used again, the last one first, unless their reply was not read to its end', async () => {
    const pools = poolsOf(2);
    const [first, second] = [pools.borrow('http://a.example'), pools.borrow('http://a.example')];
    pools.giveBack('http://a.example', first, true);
    pools.giveBack('http://a.example', second, false);
    expect(pools.borrow('http://a.example')).toBe(first);
    expect([first, second]).not.toContain(pools.borrow('http://a.example'));
    await nextTurn();
    expect([first.destroyed, second.destroyed]).toEqual([false, true]);
  });

  it('are never more than there are files for: those used longest ago are closed before another is made', () => {
    const pools = poolsOf(100, 3);
    const [a, b] = ['a', 'b'].map((host) => pools.borrow(`http://${host}.example`));
    pools.giveBack('http://a.example', a as Connection, true);
    pools.giveBack('http://b.example', b as Connection, true);
    pools.borrow('http://c.example');
    expect([a?.destroyed, b?.destroyed]).toEqual([false, false]);
    pools.borrow('http://d.example');
    expect([a?.destroyed, b?.destroyed]).toEqual([true, false]);
    expect(pools.size).toBe(3);
  });

  it('that nobody uses are all closed on a machine that has none left', () => {
    const pools = poolsOf(100);
    const clients = ['a', 'b', 'c'].map((host) => pools.borrow(`http://${host}.example`));
    for (const [at, host] of ['a', 'b', 'c'].entries())
      if (at > 0) pools.giveBack(`http://${host}.example`, clients[at] as Connection, true);
    pools.shed();
    // The reply of the last one may still be on its way through undici.
    expect(clients.map(({ destroyed }) => destroyed)).toEqual([false, true, false]);
  });
});

describe('a connection that is being made', () => {
  it('is given up when its request ends before it is there', async () => {
    const givenUp: string[] = [];
    const pools = new OriginPools(
      {
        connect:
          ({ hostname }) =>
          () =>
            void givenUp.push(hostname),
      },
      systemClock,
      10,
    );
    onTestFinished(() => pools.close());
    const client = pools.borrow('https://a.example');
    const nothing = (): boolean => true;
    const handler = { onConnect: nothing, onHeaders: nothing, onData: nothing, onComplete: nothing, onError: nothing };
    client.dispatch({ path: '/', method: 'GET' }, handler as never);
    await nextTurn();
    pools.giveBack('https://a.example', client, false);
    await nextTurn();
    expect([givenUp, client.destroyed]).toEqual([['a.example'], true]);
  });
});

describe('connections of hosts without rows', () => {
  const hosts = Array.from({ length: 130 }, (_, at) => `h${at}.example`);

  it('are kept for a while, but not of more than 128 hosts: those go that have rested for longest', async () => {
    const pools = poolsOf(1000);
    const clients = hosts.map((host) => {
      const client = pools.borrow(`https://${host}`);
      pools.giveBack(`https://${host}`, client, true);
      pools.rest(host);
      return client;
    });
    await nextTurn();
    expect(pools.size).toBe(128);
    expect(clients.map(({ destroyed }) => destroyed).lastIndexOf(true)).toBe(1);
  });

  it('count no more once there are rows again', async () => {
    const pools = poolsOf(1000);
    useOnce(pools, 'https://busy.example');
    pools.rest('busy.example');
    const client = pools.borrow('https://busy.example');
    for (const host of hosts) {
      useOnce(pools, `https://${host}`);
      pools.rest(host);
    }
    await nextTurn();
    expect(client.destroyed).toBe(false);
  });
});
