/** Which proxy a connection goes through: what is given, or what the environment says, as curl and Go read it. Pure. */
import { BlockList, isIP } from 'node:net';
import { unescaped } from './request-headers.ts';

export interface ProxyServer {
  /** `socks5` is told addresses, `socks5h` names. */
  readonly kind: 'http' | 'https' | 'socks5' | 'socks5h';
  readonly hostname: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** For messages: without credentials. */
  readonly shown: string;
}

/** Where a connection is to lead. */
export interface Place {
  readonly hostname: string;
  readonly port: number;
  readonly isTls: boolean;
}

/** The proxy to a place; undefined for the straight way. */
export type ProxyOf = (place: Place) => ProxyServer | undefined;

export interface ProxySettings {
  /** A URL, or `none`: whatever the environment says. Undefined: what it says. */
  readonly proxy?: string | undefined;
  /** Places that are reached straight; undefined: those of the environment. */
  readonly noProxy?: readonly string[] | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, socks5: 1080, socks5h: 1080 };

/**
 * What settings and environment say: `--proxy` for everything, else http_proxy, https_proxy and all_proxy (in either
 * case; HTTP_PROXY not where a web server would set it from a request), less no_proxy. Proxies of the environment are
 * not asked for this very machine. Undefined where there are none. Errors: RangeError for what is no proxy.
 */
export function proxyRules({ proxy, noProxy }: ProxySettings, environment: Environment): ProxyOf | undefined {
  if (proxy === 'none') return undefined;
  const variable = (name: string): string | undefined =>
    environment[name] ||
    (name === 'http_proxy' && environment.REQUEST_METHOD ? undefined : environment[name.toUpperCase()]);
  const straight = exceptions(noProxy ?? (variable('no_proxy') ?? '').split(/[\s,]+/));
  if (proxy !== undefined) {
    const one = parseProxy(proxy, 'proxy');
    return (place) => (straight(place) ? undefined : one);
  }
  const read = (name: string): ProxyServer | undefined => {
    const text = variable(name) || variable('all_proxy');
    return text === undefined || text.trim() === '' ? undefined : parseProxy(text, name);
  };
  const [plain, tls] = [read('http_proxy'), read('https_proxy')];
  if (plain === undefined && tls === undefined) return undefined;
  return (place) => (isHere(place.hostname) || straight(place) ? undefined : place.isTls ? tls : plain);
}

/**
 * The same for a program that is started: as variables, which is where programs look.
 * @returns undefined when nothing was said: it finds what we found
 */
export function proxyEnvironment({ proxy, noProxy }: ProxySettings, environment: Environment): Environment | undefined {
  if (proxy === undefined && noProxy === undefined) return undefined;
  const said = { ...environment };
  const say = (name: string, value: string | undefined): void => {
    for (const spelling of [name, name.toUpperCase()]) said[spelling] = value;
  };
  const url = proxy === 'none' || proxy === undefined || proxy.includes('://') ? proxy : `http://${proxy}`;
  if (url !== undefined)
    for (const name of ['http_proxy', 'https_proxy', 'all_proxy']) say(name, url === 'none' ? undefined : url);
  if (noProxy !== undefined) say('no_proxy', noProxy.join(','));
  return said;
}

/** Errors: RangeError without the credentials that may be in it. */
export function parseProxy(text: string, name: string): ProxyServer {
  const written = text.trim();
  const url = tryParse(written.includes('://') ? written : `http://${written}`);
  const kind = url?.protocol.slice(0, -1) ?? '';
  if (url === undefined || PORTS[kind] === undefined || url.hostname === '')
    throw new RangeError(`${name}: expected a proxy as http://, https://, socks5:// or socks5h://HOST:PORT, or none`);
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (PORTS[kind] as number);
  const [username, password] = [unescaped(url.username), unescaped(url.password)];
  return { kind: kind as ProxyServer['kind'], hostname, port, username, password, shown: `${kind}://${url.host}` };
}

function tryParse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** `*`, addresses, networks, and names, each with all below it; a port counts where it is given. */
function exceptions(entries: readonly string[]): (place: Place) => boolean {
  const nets = new BlockList();
  const names: { readonly name: string; readonly port: number }[] = [];
  let all = false;
  for (const entry of entries.map((text) => text.trim().toLowerCase()).filter((text) => text !== '')) {
    const [, host = '', port = ''] = isIP(entry) === 0 ? (/^(.*?)(?::(\d+))?$/.exec(entry) ?? []) : ['', entry];
    const [net = '', bits = ''] = host.replace(/^\[|\](?=\/|$)/g, '').split('/');
    const version = isIP(net);
    const family = version === 6 ? 'ipv6' : 'ipv4';
    if (entry === '*') all = true;
    else if (version !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 6 ? 128 : 32))
      nets.addSubnet(net, Number(bits), family);
    else if (version !== 0 && port === '' && bits === '') nets.addAddress(net, family);
    else names.push({ name: net.replace(/^\*?\./, '').replace(/\.$/, ''), port: Number(port) });
  }
  return ({ hostname: written, port }) => {
    const hostname = written.replace(/\.$/, '');
    const family = isIP(hostname);
    if (all || (family !== 0 && nets.check(hostname, family === 6 ? 'ipv6' : 'ipv4'))) return true;
    return names.some(
      (entry) =>
        (entry.port === 0 || entry.port === port) && (hostname === entry.name || hostname.endsWith(`.${entry.name}`)),
    );
  };
}

function isHere(written: string): boolean {
  const hostname = written.replace(/\.$/, '');
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '::1' || /^127\./.test(hostname);
}
