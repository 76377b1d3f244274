import { describe, expect, it } from 'vitest';
import { createHostRules } from '../../../src/network/host-rules.ts';
import { requireEffect } from '../../../src/serve/order-check.ts';

const ruleOf = createHostRules({
  hosts: {
    '*.one.org': { budgetBy: 'domain' },
    '*.two.org': { budgetBy: 'address' },
    '192.0.2.7': { budgetBy: 'address' },
  },
});
const isListed = (name: string): boolean => name === '*.one.org';

describe('an order about a host', () => {
  it.each([
    ['a.one.org', { cMax: 2 }, 'change that of *.one.org'],
    ['a.one.org:8080', { requestsPerSecond: 1 }, 'change that of *.one.org'],
    ['b.two.org', { cMax: 2, skip: true }, 'change that of its address'],
    ['*.three.org', { skip: true }, 'no hosts share a limit as *.three.org'],
  ])('that nothing would come of is refused: %s %j', (host, order, why) => {
    expect(() => requireEffect({ host, ...order }, ruleOf, isListed)).toThrow(why);
  });

  it.each([
    ['*.one.org', { cMax: 2 }],
    ['a.one.org', { skip: true }],
    ['a.one.org', {}],
    ['c.three.org', { cMax: 2 }],
    ['192.0.2.7', { cMax: 2 }],
    ['*.three.org', {}],
  ])('that takes effect is not: %s %j', (host, order) => {
    expect(() => requireEffect({ host, ...order }, ruleOf, isListed)).not.toThrow();
  });
});
