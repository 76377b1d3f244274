/**
 * Which addresses may be connected to. A manifest is somebody else's data: without this, a URL could make a cloud
 * machine read its own metadata service or poke at the local network.
 */
import { BlockList, isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { SPECIAL_V4, SPECIAL_V6 } from './special-purpose.ts';

/** Metadata services and host agents of clouds: only ever reachable when named one by one, public or not. */
export const METADATA: readonly string[] = [
  // Amazon, Google, Azure, Oracle, OpenStack and most others.
  '169.254.169.254',
  'fe80::a9fe:a9fe',
  // Amazon: EC2, tasks of ECS, pods of EKS.
  'fd00:ec2::254',
  '169.254.170.2',
  '169.254.170.23',
  'fd00:ec2::23',
  // Google: instances without IPv4, and pods of GKE.
  'fd20:ce::254',
  '169.254.169.252',
  // Azure: the agent of the host, at a public address.
  '168.63.129.16',
  // Alibaba, Tencent, Scaleway, Volcano Engine, Linode, Oracle.
  '100.100.100.200',
  'fd00:100::100:200',
  '169.254.0.23',
  '169.254.42.42',
  'fd00:42::42',
  '100.96.0.96',
  'fd00:a9fe:a9fe::1',
  '192.0.0.192',
  'fd00:c1::a9fe:a9fe',
];
/** First six groups of IPv6 addresses that stand for the IPv4 address in their last two: mapped, translated, NAT64. */
const EMBEDDING: ReadonlySet<string> = new Set(
  [
    [0, 0, 0, 0, 0, 0xffff],
    [0, 0, 0, 0, 0xffff, 0],
    [0x64, 0xff9b, 0, 0, 0, 0],
  ].map((groups) => groups.join(':')),
);

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
  for (const { net, bits, isGlobal } of SPECIAL_V4) if (!isGlobal) refused.addSubnet(net, bits, 'ipv4');
  for (const { net, bits, isGlobal } of SPECIAL_V6) if (!isGlobal) refused.addSubnet(net, bits, 'ipv6');
  const metadata = new Set(METADATA.map(plainAddress));
  const allowed = new BlockList();
  const exact = new Set<string>();
  const hosts = new Set<string>();
  for (const entry of allowPrivate) addAllowed(entry, allowed, exact, hosts);
  return {
    allows(address, hostname) {
      const ip = plainAddress(address);
      const version = isIP(ip);
      if (version === 0) return false;
      const family = version === 6 ? 'ipv6' : 'ipv4';
      if (exact.has(ip)) return true;
      if (metadata.has(ip)) return false;
      if (!refused.check(ip, family)) return true;
      return allowed.check(ip, family) || hosts.has(hostname.toLowerCase());
    },
  };
}

/** Names of clouds' metadata services, which everybody in there finds at the same address. */
const METADATA_NAMES: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
]);

/** Where a name leads without anybody being asked: itself, this machine, a metadata service; undefined for others. */
export function knownAddress(hostname: string): string | undefined {
  const name = hostname.toLowerCase().replace(/\.$/, '');
  if (isIP(name) !== 0) return name;
  if (name === 'localhost' || name.endsWith('.localhost')) return '127.0.0.1';
  return METADATA_NAMES.has(name) ? METADATA[0] : undefined;
}

function addAllowed(entry: string, allowed: BlockList, exact: Set<string>, hosts: Set<string>): void {
  const [net = '', bits] = entry.replace(/^\[|\]$/g, '').split('/');
  const version = isIP(net);
  if (bits !== undefined) {
    const width = version === 6 ? 128 : 32;
    if (version === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > width) throw notAnEntry(entry);
    allowed.addSubnet(net, Number(bits), version === 6 ? 'ipv6' : 'ipv4');
  } else if (version !== 0) {
    exact.add(plainAddress(net));
  } else if (/^[a-z0-9._-]+$/i.test(entry)) {
    hosts.add(entry.toLowerCase());
  } else {
    throw notAnEntry(entry);
  }
}

function notAnEntry(entry: string): RangeError {
  return new RangeError(`allow_private: expected CIDR, address or host, got '${entry}'`);
}

/**
 * One spelling per address, and the IPv4 address where an IPv6 one merely wraps it (`::ffff:7f00:1` reaches 127.0.0.1).
 */
function plainAddress(address: string): string {
  const bare = address.replace(/%.*$/, '');
  if (isIP(bare) !== 6) return bare;
  const parsed = ipaddr.IPv6.parse(bare);
  const { parts } = parsed;
  if (!EMBEDDING.has(parts.slice(0, 6).join(':'))) return parsed.toString();
  return new ipaddr.IPv4(parsed.toByteArray().slice(12)).toString();
}
