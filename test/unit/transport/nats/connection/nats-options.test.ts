import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { natsOptionsFrom } from '../../../../../src/transport/nats/connection/nats-options.ts';

const role = 'test';

function refusalOf(url: string): unknown {
  try {
    return natsOptionsFrom(url, { role, env: {} });
  } catch (error) {
    return error;
  }
}

describe('natsOptionsFrom', () => {
  it.each([
    ['nats://host:4333', ['host:4333']],
    ['host', ['host:4222']],
    ['nats://a,nats://b:1', ['a:4222', 'b:1']],
    ['nats://[::1]:4222', ['[::1]:4222']],
  ])('reads %s', (url, servers) => {
    expect(natsOptionsFrom(url, { role, env: {} }).servers).toEqual(servers);
  });

  it('wants TLS from a server that is written tls://', () => {
    expect(natsOptionsFrom('tls://host', { role, env: {} }).tls).toEqual({});
    expect(natsOptionsFrom('nats://host', { role, env: {} }).tls).toBeUndefined();
  });

  it('refuses credentials on a command line without repeating them', () => {
    const error = refusalOf('nats://ann:geheim@host');
    expect(error).toMatchObject({ code: 'FDC_ERR_USAGE' });
    expect(inspect(error, { depth: 9 })).not.toContain('geheim');
  });

  it('repeats nothing of a URL that is none', () => {
    const error = refusalOf('nats://ann:geheim@ho st');
    expect(error).toMatchObject({ code: 'FDC_ERR_USAGE' });
    expect(inspect(error, { depth: 9 })).not.toContain('geheim');
  });

  it('takes user and password out of a URL from the environment', () => {
    const options = natsOptionsFrom('nats://ann:ge%20heim@host:1', { role, urlFrom: 'environment', env: {} });
    expect(options).toMatchObject({ servers: ['host:1'], user: 'ann', password: 'ge heim' });
    expect(options.token).toBeUndefined();
  });

  it('takes a user without a password for a token, as NATS does', () => {
    expect(natsOptionsFrom('nats://t0ken@host', { role, urlFrom: 'environment', env: {} })).toMatchObject({
      token: 't0ken',
    });
  });

  it('reads secrets from the environment', () => {
    expect(natsOptionsFrom('host', { role, env: { FLOW_DC_NATS_TOKEN: 'from-env' } })).toMatchObject({
      token: 'from-env',
    });
    const env = { FLOW_DC_NATS_USER: 'ann', FLOW_DC_NATS_PASSWORD: 'from-env', FLOW_DC_NATS_TOKEN: 'not-with-a-user' };
    const options = natsOptionsFrom('host', { role, env });
    expect(options).toMatchObject({ user: 'ann', password: 'from-env' });
    expect(options.token).toBeUndefined();
  });

  it('refuses other schemes', () => {
    expect(() => natsOptionsFrom('https://host', { role, env: {} })).toThrow('nats://host:4222 or tls://host:4222');
  });
});
