/** Names of hosts as people write them in rules, with `*` and `?`. */
import { domainToASCII } from 'node:url';

/** Between two dots. */
const LABEL = '[^\\s./@,:#%\\[\\]\\\\]+';
/** Neither that of a scheme, which is left out of a host's name, nor one that there cannot be. */
const NO_PORT = '80|443|0\\d+|6553[6-9]|655[4-9]\\d|65[6-9]\\d\\d|6[6-9]\\d{3}|[7-9]\\d{4}';

/** What can be the name of a host, `host[:port]`, with `*` and `?`: a URL can never be one. As a pattern of JSON Schema. */
export const HOST_GLOB = `^(?:\\[[0-9A-Fa-f:.*?]+\\]|${LABEL}(?:\\.${LABEL})*\\.?)(?::(?!(?:${NO_PORT})$)[0-9*?]{1,5})?$`;

const RULE = new RegExp(HOST_GLOB, 'u');

/** Whether there can be a host of that name, or some that it fits. */
export function canBeHost(name: string): boolean {
  return RULE.test(name);
}

/** What somebody meant who wrote `http://h/`, `h:80` or `.h`: `h`, and `*.h`. */
export function meantHost(written: string): string | undefined {
  const [, scheme = 'http', authority = ''] =
    /^\s*(?:([a-z][a-z0-9+.-]*):\/\/)?(?:[^\s/@]*@)?([^\s/#,]+)/i.exec(written) ?? [];
  // The host of an object is its store's, whatever the bucket is.
  if (!/^https?$/i.test(scheme)) return undefined;
  const host = authority.replace(/:(?:80|443)?$/, '').replace(/^\./, '*.');
  return host !== written && canBeHost(host) ? host : undefined;
}

/** As names of hosts are compared: lower case, addresses in their usual form, labels beyond ASCII in that of ASCII. */
export function plainGlob(glob: string): string {
  const name = /[*?]/.test(glob) ? undefined : hostIn(`http://${glob}`);
  if (name !== undefined) return name;
  return glob
    .split('.')
    .map((label) => (/[^ -~]/.test(label) ? domainToASCII(label) || label : label))
    .join('.')
    .toLowerCase();
}

function hostIn(url: string): string | undefined {
  try {
    return new URL(url).host;
  } catch {
    return undefined;
  }
}
