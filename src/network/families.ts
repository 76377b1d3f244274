/** Which addresses this machine can speak to at all. */
import { networkInterfaces } from 'node:os';

/** Also where nothing says so: a machine with the loopback alone. */
export function hasIPv4(): boolean {
  const all = interfaces();
  return (
    all.some(({ family, internal }) => family === 'IPv4' && !internal) ||
    !all.some(({ family, internal }) => family === 'IPv6' && !internal)
  );
}

/** Beyond its own link. */
export function hasIPv6(): boolean {
  return interfaces().some(
    ({ family, internal, address }) => family === 'IPv6' && !internal && !/^fe[89ab]/i.test(address),
  );
}

function interfaces() {
  return Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
}
