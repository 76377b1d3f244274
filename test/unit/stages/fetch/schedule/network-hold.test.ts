import { describe, expect, it } from 'vitest';
import { NetworkHold } from '../../../../../src/stages/fetch/schedule/network-hold.ts';

function lost(hosts: number, wasAlive = true): NetworkHold {
  const hold = new NetworkHold(15_000);
  for (let host = 0; host < hosts; host += 1) hold.onFailure(`h${host}`, 'connect_timeout', wasAlive, 1000);
  return hold;
}

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
