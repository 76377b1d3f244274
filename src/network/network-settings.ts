/** From options to what connections are made with: files read, rules parsed. Misuse throws FDC_ERR_CONFIG_INVALID. */
import { readFileSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import type { FetchOptions, FetchSettings } from '../config/types.ts';
import { FlowDcError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { type AddressGuard, createAddressGuard } from './address-guard.ts';
import { parseConnectTo } from './connect-to.ts';
import { Connector } from './connector.ts';
import { proxyRules } from './proxy.ts';
import { NameResolver, nameServers } from './resolver.ts';

/** What the fetch settings say of the network, for whoever else asks hosts for something. */
export type NetworkSettings = Pick<
  FetchSettings,
  | 'allowPrivate'
  | 'connectTo'
  | 'caFile'
  | 'insecure'
  | 'dnsServers'
  | 'hosts'
  | 'hostPresets'
  | 'userAgent'
  | 'contact'
  | 'proxy'
  | 'noProxy'
>;

/** The same as options, checked by whoever is given them. */
export type NetworkOptions = Pick<FetchOptions, keyof NetworkSettings>;

export function createResolver({ dnsServers }: Pick<NetworkSettings, 'dnsServers'>, clock: Clock): NameResolver {
  return new NameResolver(
    clock,
    parsed(() => nameServers(dnsServers)),
  );
}

/** @param guard - which addresses may be connected to; by default what `allowPrivate` leaves */
export function createConnector(
  settings: Pick<NetworkSettings, 'allowPrivate' | 'connectTo' | 'caFile' | 'insecure' | 'proxy' | 'noProxy'>,
  resolver: NameResolver,
  clock: Clock,
  guard?: AddressGuard,
): Connector {
  const { allowPrivate, connectTo, caFile, insecure } = settings;
  return parsed(
    () =>
      new Connector({
        clock,
        resolver,
        guard: guard ?? createAddressGuard(allowPrivate),
        rules: connectTo.map(parseConnectTo),
        proxyOf: proxyRules(settings, process.env),
        insecure,
        caPem: caFile === undefined ? undefined : readCa(caFile),
      }),
  );
}

/** `flow-dc/1.2.3 (+contact)`, unless there is another one: who is asking, and where to complain. */
export function userAgentOf({ userAgent, contact }: Pick<NetworkSettings, 'userAgent' | 'contact'>): string {
  return userAgent ?? `flow-dc/${VERSION} (+${contact ?? 'https://www.npmjs.com/package/flow-dc'})`;
}

/** What a parser makes of an option; its RangeError is a wrong option. */
export function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new FlowDcError('FDC_ERR_CONFIG_INVALID', cause.message, { cause });
  }
}

function readCa(path: string): string {
  try {
    const pem = readFileSync(path, 'utf8');
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  } catch (cause) {
    throw new FlowDcError('FDC_ERR_CONFIG_INVALID', `ca_file: cannot read ${path}: ${(cause as Error).message}`, {
      cause,
    });
  }
  throw new FlowDcError('FDC_ERR_CONFIG_INVALID', `ca_file: ${path} holds no PEM certificate`);
}
