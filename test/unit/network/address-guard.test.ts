import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAddressGuard, METADATA } from '../../../src/network/address-guard.ts';
import { REGISTRIES_AS_OF, SPECIAL_V4, SPECIAL_V6 } from '../../../src/network/special-purpose.ts';

const guard = createAddressGuard([]);

describe('by default', () => {
  it.each([
    '127.0.0.1',
    '127.8.9.10',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.100.100.200',
    '198.18.0.1',
    '192.0.0.8',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::FFFF:7F00:0001',
    '0:0:0:0:0:ffff:7f00:1',
    '::ffff:0:10.0.0.1',
    '64:ff9b::127.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b::1',
    '64:ff9b:1::1',
    '2002:7f00:1::1',
    '2001::1',
    'fc00::1',
    'fd00:ec2::254',
    'fd00:0ec2:0::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'not an address',
  ])('%s is refused', (address) => {
    expect(guard.allows(address, 'h.test')).toBe(false);
  });

  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '172.32.0.1',
    '100.63.0.1',
    '2606:4700:4700::1111',
    '2001:4860:4860::8888',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
  ])('%s is allowed', (address) => expect(guard.allows(address, 'h.test')).toBe(true));

  it.each([
    'http://0x7f.1/',
    'http://2130706433/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://[::ffff:7f00:1]/',
    'http://①②⑦.0.0.1/',
    'http://127.0.0.1./',
  ])('the literal in %s is refused in the spelling that URLs give it', (url) =>
    expect(guard.allows(new URL(url).hostname.replace(/^\[|\]$/g, ''), 'h.test')).toBe(false),
  );

  it('an IPv4 address and its IPv6 wrappings are judged alike', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const plain = guard.allows(address, 'h.test');
        for (const wrapped of [`::ffff:${address}`, `64:ff9b::${address}`, `::ffff:0:${address}`]) {
          expect(guard.allows(wrapped, 'h.test')).toBe(plain);
        }
      }),
    );
  });
});

describe('--allow-private', () => {
  it('of a block allows what is in it, in either notation, and nothing else', () => {
    const some = createAddressGuard(['10.0.0.0/8', 'fd12::/16']);
    expect(some.allows('10.9.9.9', 'h.test')).toBe(true);
    expect(some.allows('::ffff:10.9.9.9', 'h.test')).toBe(true);
    expect(some.allows('fd12::1', 'h.test')).toBe(true);
    expect(some.allows('192.168.0.1', 'h.test')).toBe(false);
  });

  it('of a host allows whatever private address that host has', () => {
    const some = createAddressGuard(['Intranet.example']);
    expect(some.allows('10.0.0.1', 'intranet.example')).toBe(true);
    expect(some.allows('10.0.0.1', 'other.example')).toBe(false);
  });

  it('reaches a metadata service only when its address is named exactly', () => {
    expect(createAddressGuard(['169.254.0.0/16']).allows('169.254.169.254', 'h.test')).toBe(false);
    expect(createAddressGuard(['metadata.test']).allows('169.254.169.254', 'metadata.test')).toBe(false);
    expect(createAddressGuard(['0.0.0.0/0']).allows('::ffff:169.254.169.254', 'h.test')).toBe(false);
    expect(createAddressGuard(['169.254.169.254']).allows('169.254.169.254', 'h.test')).toBe(true);
    expect(createAddressGuard(['fd00:ec2:0::254']).allows('fd00:ec2::254', 'h.test')).toBe(true);
  });

  it.each(METADATA)('of everything leaves the metadata service at %s closed, and of it opens it', (address) => {
    const wide = createAddressGuard(['0.0.0.0/0', '::/0', 'metadata.google.internal']);
    expect(wide.allows(address, 'metadata.google.internal')).toBe(false);
    expect(guard.allows(address, 'h.test')).toBe(false);
    expect(createAddressGuard([address]).allows(address, 'h.test')).toBe(true);
  });

  it("counts the agents of Azure's hosts and of pods among them", () => {
    expect(METADATA).toEqual(expect.arrayContaining(['168.63.129.16', '169.254.170.23', 'fd20:ce::254']));
  });

  it.each(['10.0.0.0/33', '10.0.0.0/x', 'a b', 'h/8', ''])('%s is refused with what an entry looks like', (entry) => {
    expect(() => createAddressGuard([entry])).toThrow(/expected CIDR, address or host/);
  });
});

describe('the special-purpose registries', () => {
  it('have a date, and no block twice', () => {
    expect(REGISTRIES_AS_OF).toMatch(/^20\d\d-\d\d-\d\d$/);
    const blocks = [...SPECIAL_V4, ...SPECIAL_V6].map(({ net, bits }) => `${net}/${bits}`);
    expect(new Set(blocks).size).toBe(blocks.length);
    expect(blocks).toEqual(expect.arrayContaining(['5f00::/16', '192.88.99.0/24', '3fff::/20', '100:0:0:1::/64']));
  });

  it.each([...SPECIAL_V4, ...SPECIAL_V6].filter(({ isGlobal }) => !isGlobal))(
    '$net/$bits, $name, is refused',
    ({ net }) => {
      expect(guard.allows(net, 'h.test')).toBe(false);
    },
  );

  it.each([
    '192.88.99.1',
    '5f00:1234::1',
    '203.0.113.255',
    '3fff:fff:ffff::1',
    '100:0:0:1::2',
    '192.0.0.9',
    '2001:1::1',
  ])('%s is refused', (address) => {
    expect(guard.allows(address, 'h.test')).toBe(false);
  });

  it.each([
    '192.88.98.255',
    '192.88.100.0',
    '5eff:ffff::1',
    '6000::1',
    '4000::1',
    '192.31.196.1',
    '2620:4f:8000::1',
    '203.0.114.0',
  ])('%s beside them, or reachable, is allowed', (address) => {
    expect(guard.allows(address, 'h.test')).toBe(true);
  });
});
