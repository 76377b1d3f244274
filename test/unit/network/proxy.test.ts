import { describe, expect, it } from 'vitest';
import { type ProxySettings, parseProxy, proxyEnvironment, proxyRules } from '../../../src/network/proxy.ts';

const to = (url: string, settings: ProxySettings, environment: Record<string, string> = {}): string | undefined => {
  const { hostname, port, protocol } = new URL(url);
  const isTls = protocol === 'https:';
  const place = { hostname: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (isTls ? 443 : 80), isTls };
  return proxyRules(settings, environment)?.(place)?.shown;
};

describe('the proxy to a place', () => {
  it.each([
    [{ http_proxy: 'http://p:1' }, 'http://a.org/', 'http://p:1'],
    [{ http_proxy: 'http://p:1' }, 'https://a.org/', undefined],
    [{ HTTPS_PROXY: 'p:1' }, 'https://a.org/', 'http://p:1'],
    [{ https_proxy: 'http://q:2', HTTPS_PROXY: 'http://p:1' }, 'https://a.org/', 'http://q:2'],
    [{ ALL_PROXY: 'socks5h://s' }, 'http://a.org/', 'socks5h://s'],
    [{ all_proxy: 'socks5://s:9', http_proxy: 'http://p:1' }, 'http://a.org/', 'http://p:1'],
    [{ HTTP_PROXY: 'http://p:1', REQUEST_METHOD: 'GET' }, 'http://a.org/', undefined],
    [{ http_proxy: 'http://u:p%40@p:1' }, 'http://a.org/', 'http://p:1'],
    [{ http_proxy: 'http://p:1' }, 'http://localhost/', undefined],
    [{ http_proxy: 'http://p:1' }, 'http://127.0.0.2/', undefined],
    [{ http_proxy: '' }, 'http://a.org/', undefined],
  ] as [Record<string, string>, string, string | undefined][])(
    'is what the environment says: %j for %s',
    (environment, url, proxy) => {
      expect(to(url, {}, environment)).toBe(proxy);
    },
  );

  it('is told to programs that are started as variables, in both spellings; unsaid, they find what we found', () => {
    const environment = { HTTP_PROXY: 'http://e:1', https_proxy: 'http://e:1', HOME: '/h', NO_PROXY: 'x.org' };
    expect(proxyEnvironment({}, environment)).toBe(undefined);
    const one = 'http://g:3';
    const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];
    expect(proxyEnvironment({ proxy: 'g:3' }, environment)).toEqual({
      ...{ ...environment, ...Object.fromEntries(names.map((name) => [name, one])) },
    });
    const none = proxyEnvironment({ proxy: 'none', noProxy: ['a', 'b'] }, environment);
    expect(Object.values({ ...none }).filter((value) => value?.includes('http'))).toEqual([]);
    expect(none).toMatchObject({ HOME: '/h', no_proxy: 'a,b', NO_PROXY: 'a,b' });
  });

  it('is the one that is given, for this machine as well, or none at all', () => {
    const environment = { http_proxy: 'http://e:1' };
    expect(to('https://a.org/', { proxy: 'socks5h://g' }, environment)).toBe('socks5h://g');
    expect(to('http://127.0.0.1/', { proxy: 'http://g:3' }, environment)).toBe('http://g:3');
    expect(to('http://a.org/', { proxy: 'none' }, environment)).toBe(undefined);
  });

  it.each([
    ['a.org', 'http://a.org/', true],
    ['a.org', 'http://b.a.org/', true],
    ['a.org', 'http://ba.org/', false],
    ['.a.org', 'http://b.a.org/', true],
    ['*.a.org', 'http://b.a.org/', true],
    ['a.org:8080', 'http://a.org/', false],
    ['a.org:8080', 'http://a.org:8080/', true],
    ['10.0.0.0/8', 'http://10.2.3.4/', true],
    ['fd00::/8', 'http://[fd00::1]/', true],
    ['::1', 'http://[::1]/', true],
    ['10.0.0.1', 'http://10.0.0.1/', true],
    ['*', 'https://x.y/', true],
    [' x , a.org', 'http://a.org/', true],
    ['A.ORG.', 'http://a.org/', true],
    ['a.org', 'http://a.org./', true],
    ['0:0:0:0:0:0:0:1', 'http://[::1]/', true],
    ['[::1]', 'http://[::1]/', true],
    ['[::1]:81', 'http://[::1]/', false],
    ['[::1]:80', 'http://[::1]/', true],
    ['[fd00::]/8', 'http://[fd00::1]/', true],
    ['10.0.0.1:81', 'http://10.0.0.1/', false],
    ['10.0.0.0/99', 'http://10.0.0.1/', false],
    ['10.0.0.0/x', 'http://10.0.0.1/', false],
    ['.', 'http://a.org/', false],
  ])('is none where no_proxy has %j and the URL is %s: %s', (list, url, isStraight) => {
    const given = { proxy: 'http://p:1', noProxy: list.split(',') };
    expect(to(url, given) === undefined).toBe(isStraight);
    expect(to(url, { proxy: 'http://p:1' }, { NO_PROXY: list }) === undefined).toBe(isStraight);
  });

  it('is one of several exceptions, parted by spaces or commas', () => {
    for (const list of ['b.org a.org', 'b.org,a.org', ' b.org, a.org,'])
      expect(to('http://a.org/', {}, { http_proxy: 'http://p:1', no_proxy: list })).toBe(undefined);
  });

  it('may have a password that is badly escaped', () => {
    expect(parseProxy('http://me:100%@p:1', 'proxy')).toMatchObject({ username: 'me', password: '100%' });
  });

  it.each(['ftp://p', 'http://', 'p q', 'socks4://p'])('is refused when it is %j, without what it says', (text) => {
    expect(() => parseProxy(text, 'proxy')).toThrow(/^proxy: expected a proxy as http:\/\//);
  });
});
