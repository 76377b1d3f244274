import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { isLoopback, isOwnName, parseAddress, urlOf } from '../../../src/serve/address.ts';
import { hostQuery } from '../../../src/serve/host-query.ts';

describe('where a page is served', () => {
  it.each([
    ['auto', '127.0.0.1', 8377],
    ['8080', '127.0.0.1', 8080],
    [':0', '127.0.0.1', 0],
    ['0.0.0.0:80', '0.0.0.0', 80],
    ['[::1]:8080', '::1', 8080],
    ['box.lan:8080', 'box.lan', 8080],
  ])('%s', (text, host, port) => {
    expect(parseAddress(text)).toEqual({ host, port, isAnyPort: text === 'auto' });
  });

  it.each(['', 'nothing', '127.0.0.1', 'a:99999', '::'])('%j is no address, and the line names what is', (text) => {
    expect(() => parseAddress(text)).toThrow(/127\.0\.0\.1:8377/);
  });

  it('is this machine alone unless somebody says otherwise', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '10.0.0.1', '::', 'box'].some(isLoopback)).toBe(false);
    expect([urlOf('::1', 80), urlOf('0.0.0.0', 80)]).toEqual(['http://[::1]:80/', `http://${hostname()}:80/`]);
  });
});

describe('the name in a request', () => {
  it.each(['127.0.0.1:8377', 'localhost', 'LOCALHOST:1', '[::1]:9', '10.1.2.3', 'box.lan:80', hostname()])(
    '%s is ours',
    (name) => expect(isOwnName(name, 'box.lan')).toBe(true),
  );

  it.each([undefined, '', 'evil.test', 'localhost.evil.test', '127.0.0.1.evil.test:80', '[::1', 'box.lan.'])(
    '%s may be somebody else who turned it here',
    (name) => expect(isOwnName(name, 'box.lan')).toBe(false),
  );
});

describe('a question for hosts', () => {
  it('is bounded, and what makes no sense is passed over', () => {
    const query = new URLSearchParams({ sort: '__proto__', limit: '100000', offset: '-1', search: 'x'.repeat(999) });
    expect(hostQuery(query)).toMatchObject({ sort: 'waiting', limit: 200, offset: 0 });
    expect(hostQuery(query).search).toHaveLength(200);
  });
});
