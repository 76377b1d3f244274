import { expect, it } from 'vitest';
import { connectTarget, parseConnectTo } from '../../../src/network/connect-to.ts';

it.each([
  ['a.test:80:b.test:8080', 'a.test', 80, { hostname: 'b.test', port: 8080, isNamed: true }],
  ['a.test:80:b.test:8080', 'a.test', 443, undefined],
  ['a.test:80:b.test:8080', 'other.test', 80, undefined],
  ['A.TEST::b.test:', 'a.test', 443, { hostname: 'b.test', port: 443, isNamed: true }],
  ['::127.0.0.1:9000', 'any.test', 443, { hostname: '127.0.0.1', port: 9000, isNamed: true }],
  ['::[::1]:9000', 'any.test', 80, { hostname: '::1', port: 9000, isNamed: true }],
  ['[::1]:80:b.test:1', '::1', 80, { hostname: 'b.test', port: 1, isNamed: true }],
  [':::8080', 'any.test', 80, { hostname: 'any.test', port: 8080, isNamed: false }],
])('%s sends %s:%i to %o', (rule, host, port, expected) => {
  expect(connectTarget([parseConnectTo(rule)], host, port)).toEqual(expected);
});

it('the first rule that matches decides', () => {
  const rules = ['a.test::one.test:', '::two.test:'].map(parseConnectTo);
  expect(connectTarget(rules, 'a.test', 80)?.hostname).toBe('one.test');
  expect(connectTarget(rules, 'b.test', 80)?.hostname).toBe('two.test');
});

it.each(['', 'a:b', 'a:80:b', 'a:x:b:80', 'a:1:b:2:3', '::1:80:b:80'])(
  '%s is refused with the form it should have',
  (text) => {
    expect(() => parseConnectTo(text)).toThrow(/HOST1:PORT1:HOST2:PORT2/);
  },
);
