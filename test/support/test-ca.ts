/** A throw-away authority that signs for every host. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { DemoHostsOptions } from '../../src/demo-hosts/start-demo-hosts.ts';
import { bitString, der, integer, objectId, sequence, utcTime } from './der.ts';

const ECDSA_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'));
const TRUE = Buffer.from([0x01, 0x01, 0xff]);
const DAY_MS = 86_400_000;
const [CA_NAME, HOST_NAME] = ['flow-dc test CA', 'flow-dc test host'];

/** A certificate authority that lives as long as the process and signs for every name it is asked for. */
export interface TestCa {
  /** PEM, what --ca-file expects. */
  readonly caPem: string;
  /** PEM of a certificate for these names and IPv4 addresses; its key is that of `tls`. */
  readonly certFor: (...hosts: readonly string[]) => string;
  /** The same, but a month too old. */
  readonly expiredFor: (...hosts: readonly string[]) => string;
  /** The same, but vouched for by nobody else. */
  readonly selfSignedFor: (...hosts: readonly string[]) => string;
  /** For `startDemoHosts({ tls })`: a certificate of its own for each host name that a client asks for. */
  readonly tls: NonNullable<DemoHostsOptions['tls']>;
}

export function createTestCa(): TestCa {
  const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // One key serves every host: making a key is what costs, not signing.
  const leaf = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const ofCa = { subject: CA_NAME, publicKey: ca.publicKey, issuer: CA_NAME, signer: ca.privateKey };
  const caPem = certificate(ofCa, [
    extension('2.5.29.19', true, sequence(TRUE)),
    extension('2.5.29.15', true, der(0x03, Buffer.from([2, 0b0000_0100]))), // keyCertSign
  ]);
  const ofHost = { ...ofCa, subject: HOST_NAME, publicKey: leaf.publicKey };
  const ofItself = { ...ofHost, issuer: HOST_NAME, signer: leaf.privateKey };
  const certFor = (...hosts: readonly string[]) => certificate(ofHost, [subjectAltName(hosts)]);
  const expiredFor = (...hosts: readonly string[]) => certificate(ofHost, [subjectAltName(hosts)], -60);
  const selfSignedFor = (...hosts: readonly string[]) => certificate(ofItself, [subjectAltName(hosts)]);
  const contexts = new Map<string, SecureContext>();
  const contextFor = (host: string): SecureContext => {
    const context = contexts.get(host) ?? createSecureContext({ key, cert: certFor(host) });
    contexts.set(host, context);
    return context;
  };
  const SNICallback = (host: string, done: (error: Error | null, context?: SecureContext) => void) =>
    done(null, contextFor(host));
  return { caPem, certFor, expiredFor, selfSignedFor, tls: { key, cert: certFor('127.0.0.1'), SNICallback } };
}

interface Parties {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly issuer: string;
  readonly signer: KeyObject;
}

/** @param fromDays - when it begins, from now; it is good for a month */
function certificate(
  { subject, publicKey, issuer, signer }: Parties,
  extensions: readonly Buffer[],
  // A day back, for clocks that differ between machines.
  fromDays = -1,
): string {
  const fromMs = Date.now() + fromDays * DAY_MS;
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_SHA256,
    name(issuer),
    sequence(utcTime(new Date(fromMs)), utcTime(new Date(fromMs + 31 * DAY_MS))),
    name(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signed = sequence(body, ECDSA_SHA256, bitString(sign('sha256', body, signer)));
  const lines = signed.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function name(commonName: string): Buffer {
  return sequence(der(0x31, sequence(objectId('2.5.4.3'), der(0x0c, Buffer.from(commonName, 'utf8')))));
}

function subjectAltName(hosts: readonly string[]): Buffer {
  const entries = hosts.map((host) =>
    isIPv4(host) ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host, 'latin1')),
  );
  return extension('2.5.29.17', false, sequence(...entries));
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  return sequence(objectId(oid), ...(critical ? [TRUE] : []), der(0x04, value));
}
