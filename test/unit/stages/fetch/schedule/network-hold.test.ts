import { describe, expect, it } from 'vitest';
import { NetworkHold } from '../../../../../src/stages/fetch/schedule/network-hold.ts';

function lost(hosts: number, wasAlive = true): NetworkHold {
  const hold = new NetworkHold(15_000);
  for (let host = 0; host < hosts; host += 1) hold.onFailure(`h${host}`, 'connect_timeout', wasAlive, 1000);
  return hold;
}

describe('when the proxy that everything goes through is away', () => {
  it('one failure is enough: its rows wait until something answers, for an hour at most', () => {
    const hold = new NetworkHold(15_000);
    hold.onOwnFailure(1000);
    hold.onOwnFailure(9000);
    expect([hold.excuses('proxy_error', 9000), hold.announces(15_999), hold.announces(16_000)]).toEqual([
      true,
      false,
      true,
    ]);
    expect(hold.excuses('proxy_error', 1000 + 3_600_000)).toBe(false);
    expect([hold.onReply(), hold.excuses('proxy_error', 20_000)]).toEqual([true, false]);
  });
});

describe('when several hosts that had answered cannot be reached', () => {
  it('their rows are not to blame, nor are those of hosts never seen', () => {
    expect(lost(3).excuses('dns_error', 2000)).toBe(true);
    expect(lost(3).excuses('connect_error', 2000)).toBe(true);
  });

  it.each(['connect_refused', 'dns_not_found', 'reset', 'timeout_headers', 'http_503'] as const)(
    '%s is still somebody’s answer',
    (code) => {
      expect(lost(3).excuses(code, 2000)).toBe(false);
    },
  );

  it('people are told once, after the hold time', () => {
    const hold = lost(3);
    expect(hold.announces(15_999)).toBe(false);
    expect(hold.announces(16_000)).toBe(true);
    expect(hold.announces(17_000)).toBe(false);
  });

  it('any reply ends it, and says so if it had been announced', () => {
    const hold = lost(3);
    expect(hold.onReply()).toBe(false);
    expect(hold.excuses('dns_error', 2000)).toBe(false);
    const announced = lost(3);
    announced.announces(60_000);
    expect(announced.onReply()).toBe(true);
  });

  it('it lasts an hour at most: three hosts that shut us out do not keep a job alive', () => {
    expect(lost(3).excuses('dns_error', 1000 + 3_600_000)).toBe(false);
  });
});

it('two dead hosts are two dead hosts', () => {
  expect(lost(2).excuses('connect_timeout', 2000)).toBe(false);
});

it('a tail of hosts that never answered is no outage, so that a run over dead hosts ends', () => {
  expect(lost(100, false).excuses('connect_timeout', 2000)).toBe(false);
});

it('can be switched off', () => {
  const hold = new NetworkHold(0);
  for (const host of ['a', 'b', 'c']) hold.onFailure(host, 'dns_error', true, 0);
  expect(hold.excuses('dns_error', 1)).toBe(false);
});

describe('when no name can be resolved from the start', () => {
  const nameless = (names: number, code: 'dns_not_found' | 'dns_error' = 'dns_not_found'): NetworkHold => {
    const hold = new NetworkHold(15_000);
    for (let host = 0; host < names; host += 1) hold.onFailure(`h${host}`, code, false, 1000);
    return hold;
  };

  it.each(['dns_not_found', 'dns_error'] as const)('rows that end with %s wait, and people are told', (code) => {
    expect(nameless(7, code).excuses(code, 2000)).toBe(false);
    const hold = nameless(8, code);
    expect(hold.excuses(code, 2000)).toBe(true);
    expect([hold.announces(15_999), hold.announces(16_000)]).toEqual([false, true]);
    expect(hold.excuses(code, 1000 + 3_600_000)).toBe(false);
  });

  it('one name that many rows have is no sign', () => {
    const hold = new NetworkHold(15_000);
    for (let row = 0; row < 50; row += 1) hold.onFailure('gone.example', 'dns_not_found', false, 1000);
    expect(hold.excuses('dns_not_found', 2000)).toBe(false);
  });

  it('the first reply, or a host that is found and refuses, shows that names can be had', () => {
    const replied = nameless(8);
    replied.onReply();
    const refused = nameless(8);
    refused.onFailure('h9', 'connect_refused', false, 2000);
    for (const hold of [replied, refused]) {
      for (let host = 0; host < 20; host += 1) hold.onFailure(`x${host}`, 'dns_not_found', false, 3000);
      expect(hold.excuses('dns_not_found', 4000)).toBe(false);
    }
  });
});
