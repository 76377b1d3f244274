/** Names of hosts as people write them in rules, with `*` and `?`. */
import { domainToASCII } from 'node:url';

/**
 * What can be the name of a host, `host[:port]`: a URL can never be one, nor can a host with its scheme's own port,
 * which is left out of its name. As a pattern of JSON Schema.
 */
export const HOST_GLOB = '^(?:\\[[0-9A-Fa-f:.*?]+\\]|[^\\s/@,:#\\[\\]\\\\]+)(?::(?!(?:80|443)$)[0-9*?]{1,5})?$';

const RULE = new RegExp(HOST_GLOB, 'u');

/** What somebody meant who wrote `http://h/` or `h:80`: `h`. */
export function meantHost(written: string): string | undefined {
  const [, authority = ''] = /^\s*(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^\s/@]*@)?([^\s/#,]+)/i.exec(written) ?? [];
  const host = authority.replace(/:(?:80|443)?$/, '');
  return host !== written && RULE.test(host) ? host : undefined;
}

/** As names of hosts are compared: lower case, labels beyond ASCII in their form of ASCII. */
export function plainGlob(glob: string): string {
  return glob
    .split('.')
    .map((label) => (/[^ -~]/.test(label) ? domainToASCII(label) || label : label))
    .join('.')
    .toLowerCase();
}
