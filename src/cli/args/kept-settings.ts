/** What of a configuration a resume or a worker needs. */
import { resolve } from 'node:path';
import { withoutClusterKeys } from '../../cluster/worker.ts';
import type { Config } from '../../config/types.ts';

/** What a resume or a worker needs: paths that work from anywhere, and nothing that might be a secret. */
export function keptSettings(config: Config): Config {
  const { header: _header, hosts, input, ...kept } = withoutClusterKeys(config);
  const inputs = (typeof input === 'string' ? [input] : (input ?? [])).map((path) =>
    path === '-' ? path : resolve(path),
  );
  const rules = Object.entries(hosts ?? {}).map(([glob, { headers: _headers, ...rule }]) => [glob, rule] as const);
  return {
    ...kept,
    input: inputs,
    ...(hosts === undefined ? {} : { hosts: Object.fromEntries(rules) }),
    ...absolute(config),
  };
}

function absolute({ ca_file }: Config): Config {
  return ca_file === undefined ? {} : { ca_file: resolve(ca_file) };
}
