/**
 * Which addresses may be connected to. A manifest is somebody else's data: without this, a URL could make a cloud
 * machine read its own metadata service or poke at the local network.
 */
import { BlockList, isIP } from 'node:net';

/** Not global by the IANA special-purpose registries (RFC 6890 and updates), as [network, prefix length]. */
const PRIVATE_V4: readonly [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const PRIVATE_V6: readonly [string, number][] = [
  ['::', 128],
  ['::1', 128],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
];
/** Cloud metadata services: only ever reachable when named one by one. */
const METADATA: readonly string[] = ['169.254.169.254', '169.254.170.2', '100.100.100.200', 'fd00:ec2::254'];

export interface AddressGuard {
  /** Whether `address` (an IP literal) may be connected to for `hostname`. */
  allows(address: string, hostname: string): boolean;
}

/**
 * @param allowPrivate - CIDRs, single addresses or host names that are allowed although they are private
 * Errors: RangeError for an entry that is none of these.
 */
export function createAddressGuard(allowPrivate: readonly string[]): AddressGuard {
  const refused = new BlockList();
  for (const [net, bits] of PRIVATE_V4) refused.addSubnet(net, bits, 'ipv4');
  for (const [net, bits] of PRIVATE_V6) refused.addSubnet(net, bits, 'ipv6');
  const allowed = new BlockList();
  const exact = new Set<string>();
  const hosts = new Set<string>();
  for (const entry of allowPrivate) addAllowed(entry, allowed, exact, hosts);
  return {
    allows(address, hostname) {
      const ip = unmapped(address);
      const family = isIP(ip) === 6 ? 'ipv6' : 'ipv4';
      if (exact.has(ip)) return true;
      if (METADATA.includes(ip)) return false;
      if (!refused.check(ip, family)) return true;
      return allowed.check(ip, family) || hosts.has(hostname.toLowerCase());
    },
  };
}

function addAllowed(entry: string, allowed: BlockList, exact: Set<string>, hosts: Set<string>): void {
  const [net = '', bits] = entry.split('/');
  const version = isIP(net);
  if (bits !== undefined) {
    const width = version === 6 ? 128 : 32;
    if (version === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > width) throw new RangeError(`allow_private: expected CIDR, address or host, got '${entry}'`);
    allowed.addSubnet(net, Number(bits), version === 6 ? 'ipv6' : 'ipv4');
  } else if (version !== 0) {
    exact.add(unmapped(net));
  } else if (/^[a-z0-9.-]+$/i.test(entry)) {
    hosts.add(entry.toLowerCase());
  } else {
    throw new RangeError(`allow_private: expected CIDR, address or host, got '${entry}'`);
  }
}

/** `::ffff:127.0.0.1`, `::ffff:7f00:1` and the NAT64 form `64:ff9b::7f00:1` reach the IPv4 address inside. */
function unmapped(address: string): string {
  const bare = address.replace(/%.*$/, '').toLowerCase();
  const match = /^(?:::ffff:|64:ff9b::)(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/.exec(bare);
  if (match === null) return bare;
  if (match[1] !== undefined) return match[1];
  const high = Number.parseInt(match[2] as string, 16);
  const low = Number.parseInt(match[3] as string, 16);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
