import { describe, expect, it } from 'vitest';
import type { HostRule } from '../../../../../src/config/types.ts';
import { createHostRules } from '../../../../../src/network/host-rules.ts';
import { BudgetGroups } from '../../../../../src/stages/fetch/schedule/budget-groups.ts';

function groupsUnder(hosts: Record<string, HostRule>, known?: Record<string, string[]>) {
  let placing = Promise.resolve();
  let asked = 0;
  const connector = {
    addressesOf: async ({ host }: URL) => {
      asked += 1;
      return known?.[host] ?? [];
    },
  };
  const background = (work: Promise<void>): void => {
    placing = work;
  };
  const groups = new BudgetGroups({ ruleOf: createHostRules({ hosts }), connector, background, pump: () => {} });
  const place = (host: string) => {
    const row = { host, url: new URL(`http://${host}/`), task: { isDropped: () => false }, group: '', isQueued: false };
    groups.place(row, () => {
      row.isQueued = true;
    });
    return row;
  };
  return { groups, place, placed: () => placing, asked: () => asked };
}

describe('hosts that share a limit', () => {
  it.each([
    ['a.example.co.uk', '*.example.co.uk'],
    ['b.example.co.uk:8443', '*.example.co.uk'],
    ['example.co.uk', '*.example.co.uk'],
    ['10.1.2.3:80', '10.1.2.3:80'],
    ['[2001:db8::1]', '[2001:db8::1]'],
    ['localhost', 'localhost'],
  ])('by domain, %s belongs to %s', (host, group) => {
    expect(groupsUnder({ '*': { budgetBy: 'domain' } }).groups.of(host)).toBe(group);
  });

  it('have the rule of the one that came first', () => {
    const { groups } = groupsUnder({ 'a.*': { budgetBy: 'domain', cMax: 1 }, '*': { budgetBy: 'domain', cMax: 2 } });
    expect(groups.of('a.example.org')).toBe(groups.of('b.example.org'));
    expect(groups.ruleOf('*.example.org').cMax).toBe(1);
    groups.forget('*.example.org');
    expect(groups.ruleOf(groups.of('b.example.org')).cMax).toBe(2);
  });

  it('are each alone where nothing is said, and nothing is asked for', () => {
    const { place, groups, asked } = groupsUnder({ 'a.test': { cMax: 3 } });
    expect(place('a.test')).toMatchObject({ group: 'a.test', isQueued: true });
    expect([asked(), groups.ruleOf('a.test').cMax]).toEqual([0, 3]);
  });

  it('by address, are those whose names have the same addresses in any order; a name nobody knows is alone', async () => {
    const known = { 'a.test': ['192.0.2.7', '192.0.2.3'], 'b.test': ['192.0.2.3', '192.0.2.7'] };
    const { place, placed, asked } = groupsUnder({ '*': { budgetBy: 'address' } }, known);
    const groups: string[] = [];
    for (const host of ['a.test', 'b.test', 'c.test']) {
      const row = place(host);
      expect(row.isQueued).toBe(false);
      await placed();
      groups.push(row.group);
    }
    expect(groups).toEqual(['192.0.2.3', '192.0.2.3', 'c.test']);
    expect(place('a.test')).toMatchObject({ group: '192.0.2.3', isQueued: true });
    expect(asked()).toBe(3);
  });
});
