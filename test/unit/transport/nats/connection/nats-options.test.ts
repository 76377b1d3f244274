import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { natsOptionsFrom } from '../../../../../src/transport/nats/connection/nats-options.ts';
import { tempFolder } from '../../../../support/temp-folder.ts';

const role = 'test';

describe('natsOptionsFrom', () => {
  it.each([
    ['nats://host:4333', ['host:4333']],
    ['host', ['host:4222']],
    ['nats://a,nats://b:1', ['a:4222', 'b:1']],
    ['nats://[::1]:4222', ['[::1]:4222']],
  ])('reads %s', async (url, servers) => {
    expect((await natsOptionsFrom(url, { role, env: {} })).servers).toEqual(servers);
  });

  it('wants TLS from a server that is written tls://', async () => {
    expect((await natsOptionsFrom('tls://host', { role, env: {} })).tls).toEqual({});
    expect((await natsOptionsFrom('nats://host', { role, env: {} })).tls).toBeUndefined();
  });

  it('refuses credentials on a command line without repeating them', async () => {
    const refused = natsOptionsFrom('nats://ann:geheim@host', { role, env: {} });
    await expect(refused).rejects.toMatchObject({ code: 'FDC_ERR_USAGE' });
    expect(inspect(await refused.catch((error: unknown) => error), { depth: 9 })).not.toContain('geheim');
  });

  it('repeats nothing of a URL that is none', async () => {
    const error = await natsOptionsFrom('nats://ann:geheim@ho st', { role, env: {} }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'FDC_ERR_USAGE' });
    expect(inspect(error, { depth: 9 })).not.toContain('geheim');
  });

  it('takes user and password out of a URL from the environment', async () => {
    const options = await natsOptionsFrom('nats://ann:ge%20heim@host:1', { role, urlFrom: 'environment', env: {} });
    expect(options).toMatchObject({ servers: ['host:1'], user: 'ann', password: 'ge heim' });
    expect(options.token).toBeUndefined();
  });

  it('takes a user without a password for a token, as NATS does', async () => {
    expect(await natsOptionsFrom('nats://t0ken@host', { role, urlFrom: 'file', env: {} })).toMatchObject({
      token: 't0ken',
    });
  });

  it('reads secrets from files and from the environment', async () => {
    const file = join(await tempFolder(), 'secret');
    await writeFile(file, 'from-file\nsecond line\n');
    expect(await natsOptionsFrom('host', { role, tokenFile: file, env: {} })).toMatchObject({ token: 'from-file' });
    expect(await natsOptionsFrom('host', { role, user: 'ann', passwordFile: file, env: {} })).toMatchObject({
      user: 'ann',
      password: 'from-file',
    });
    expect(await natsOptionsFrom('host', { role, env: { FLOW_DC_NATS_TOKEN: 'from-env' } })).toMatchObject({
      token: 'from-env',
    });
  });

  it('names a secret file that is not there or empty', async () => {
    const file = join(await tempFolder(), 'secret');
    await expect(natsOptionsFrom('host', { role, tokenFile: file, env: {} })).rejects.toThrow(
      `${file} cannot be read (ENOENT)`,
    );
    await writeFile(file, '\n');
    await expect(natsOptionsFrom('host', { role, tokenFile: file, env: {} })).rejects.toThrow(`${file} is empty`);
  });

  it('refuses other schemes', async () => {
    await expect(natsOptionsFrom('https://host', { role, env: {} })).rejects.toThrow(
      'nats://host:4222 or tls://host:4222',
    );
  });
});
