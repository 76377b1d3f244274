import { describe, expect, it } from 'vitest';
import { OrderedForce, tellPauses } from '../../../src/cluster/obey-orders.ts';
import type { HostOrder } from '../../../src/host-limits.ts';
import type { JobOrders } from '../../../src/transport/cluster.ts';

const NONE: JobOrders = { isPaused: false, hosts: [], ends: 0 };

function opened(orders: JobOrders = NONE) {
  const force = { isPaused: false, hosts: new Map<string, HostOrder>() };
  let listener = (_: JobOrders): void => {};
  let ends = 0;
  const obedient = {
    pause: (isPaused: boolean) => {
      force.isPaused = isPaused;
    },
    setHost: (order: HostOrder) => void force.hosts.set(order.host, order),
  };
  const channel = {
    orders,
    onOrders: (listen: typeof listener) => {
      listener = listen;
      return () => {};
    },
  };
  const ordered = new OrderedForce(obedient, channel, () => {
    ends += 1;
  });
  return { force, ordered, say: (said: Partial<JobOrders>) => listener({ ...NONE, ...said }), ends: () => ends };
}

describe('a worker', () => {
  it('that comes late is paused and steered as those who were there', () => {
    const { force, ends } = opened({ isPaused: true, hosts: [{ host: 'a.test', cMax: 2 }], ends: 3 });
    expect(force.isPaused).toBe(true);
    expect(force.hosts.get('a.test')).toEqual({ host: 'a.test', cMax: 2 });
    expect(ends()).toBe(0);
  });

  it('is paused while anybody says so, the job or its own page', () => {
    const { force, ordered, say } = opened();
    ordered.pause(true);
    say({ isPaused: true });
    ordered.pause(false);
    expect([force.isPaused, ordered.pausedElsewhere]).toEqual([true, expect.stringContaining('all workers')]);
    say({});
    expect([force.isPaused, ordered.pausedElsewhere]).toEqual([false, undefined]);
  });

  it('does as all are told again when its own page takes back what it said of a host', () => {
    const { force, ordered, say } = opened();
    ordered.setHost({ host: 'a.test', skip: true });
    say({ hosts: [{ host: 'a.test', cMax: 3 }] });
    expect(force.hosts.get('a.test')).toEqual({ host: 'a.test', skip: true });
    ordered.setHost({ host: 'a.test' });
    expect(force.hosts.get('a.test')).toEqual({ host: 'a.test', cMax: 3 });
    say({ hosts: [{ host: 'a.test', cMax: 4 }] });
    expect(force.hosts.get('a.test')).toEqual({ host: 'a.test', cMax: 4 });
  });

  it('takes back what is not said any more, but not what its own page says', () => {
    const { force, ordered, say } = opened();
    ordered.setHost({ host: 'own.test', cMax: 1 });
    say({
      hosts: [
        { host: 'a.test', skip: true },
        { host: 'own.test', skip: true },
      ],
    });
    say({});
    expect(force.hosts.get('a.test')).toEqual({ host: 'a.test' });
    expect(force.hosts.get('own.test')).toEqual({ host: 'own.test', cMax: 1 });
  });

  it('ends when all that are there are told to, and not for what was said before it came', () => {
    const { say, ends } = opened({ ...NONE, ends: 1 });
    say({ ends: 1 });
    expect(ends()).toBe(0);
    say({ ends: 2 });
    expect(ends()).toBe(1);
  });
});

it('whoever sees nothing done is told why, once, and when it goes on', () => {
  const said: string[] = [];
  let listener = (_: JobOrders): void => {};
  const onOrders = (listen: typeof listener) => {
    listener = listen;
    return () => {};
  };
  tellPauses({ orders: { ...NONE, isPaused: true }, onOrders }, (line) => said.push(line));
  listener({ ...NONE, isPaused: true, ends: 1 });
  listener(NONE);
  listener({ ...NONE, ends: 2 });
  expect(said).toEqual([expect.stringContaining('the job is paused'), 'the job goes on']);
});
