/**
 * The IANA special-purpose address registries, IPv4 and IPv6, as they were on the date below, and the two blocks of
 * multicast. What is not globally reachable is refused; to bring the table up to date, compare it with
 * https://www.iana.org/assignments/iana-ipv4-special-registry and its IPv6 counterpart.
 */

export const REGISTRIES_AS_OF = '2025-11-01';

interface SpecialBlock {
  readonly net: string;
  readonly bits: number;
  readonly name: string;
  /** By the registry; a block that lies within one that is not reachable is refused with it. */
  readonly isGlobal: boolean;
}

const block = (net: string, bits: number, name: string, isGlobal = false): SpecialBlock => ({
  net,
  bits,
  name,
  isGlobal,
});

export const SPECIAL_V4: readonly SpecialBlock[] = [
  block('0.0.0.0', 8, 'this network'),
  block('10.0.0.0', 8, 'private use'),
  block('100.64.0.0', 10, 'shared address space'),
  block('127.0.0.0', 8, 'loopback'),
  block('169.254.0.0', 16, 'link local'),
  block('172.16.0.0', 12, 'private use'),
  block('192.0.0.0', 24, 'IETF protocol assignments'),
  block('192.0.0.9', 32, 'port control protocol anycast', true),
  block('192.0.0.10', 32, 'TURN anycast', true),
  block('192.0.2.0', 24, 'documentation'),
  block('192.31.196.0', 24, 'AS112-v4', true),
  block('192.52.193.0', 24, 'AMT', true),
  block('192.88.99.0', 24, '6to4 relay anycast, deprecated'),
  block('192.168.0.0', 16, 'private use'),
  block('192.175.48.0', 24, 'direct delegation AS112', true),
  block('198.18.0.0', 15, 'benchmarking'),
  block('198.51.100.0', 24, 'documentation'),
  block('203.0.113.0', 24, 'documentation'),
  block('224.0.0.0', 4, 'multicast'),
  block('240.0.0.0', 4, 'reserved, limited broadcast'),
];

export const SPECIAL_V6: readonly SpecialBlock[] = [
  // Unspecified, loopback, and IPv4-compatible, which is deprecated.
  block('::', 96, 'unspecified, loopback'),
  block('64:ff9b:1::', 48, 'IPv4-IPv6 translation, local'),
  block('100::', 64, 'discard only'),
  block('100:0:0:1::', 64, 'dummy prefix'),
  block('2001::', 23, 'IETF protocol assignments'),
  block('2001:1::1', 128, 'port control protocol anycast', true),
  block('2001:1::2', 128, 'TURN anycast', true),
  block('2001:1::3', 128, 'DNS-SD service registration anycast', true),
  block('2001:3::', 32, 'AMT', true),
  block('2001:4:112::', 48, 'AS112-v6', true),
  block('2001:20::', 28, 'ORCHIDv2', true),
  block('2001:30::', 28, 'drone remote identification', true),
  block('2001:db8::', 32, 'documentation'),
  // It carries an IPv4 address, also a private one, and is retired (RFC 7526).
  block('2002::', 16, '6to4'),
  block('2620:4f:8000::', 48, 'direct delegation AS112', true),
  block('3fff::', 20, 'documentation'),
  block('5f00::', 16, 'segment routing (SRv6) SIDs'),
  block('fc00::', 7, 'unique local'),
  // With site local, fec0::/10, which is deprecated.
  block('fe80::', 9, 'link local'),
  block('ff00::', 8, 'multicast'),
];
