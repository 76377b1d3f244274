import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { nkeys } from '@nats-io/transport-node';
import { expect, it, onTestFinished } from 'vitest';
import { connectCluster } from '../../../src/transport/nats/connect-cluster.ts';
import { natsOptionsFrom } from '../../../src/transport/nats/connection/nats-options.ts';
import { accountsConfig } from '../../support/nats-accounts.ts';
import { describeJob, jobId, joinCluster, keepsNothing, workToTheEnd } from '../../support/nats-jobs.ts';
import { describeNats, startNatsServer } from '../../support/nats-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { makeUnits } from '../../support/units.ts';

async function serving(config: string): Promise<string> {
  const server = await startNatsServer({ config });
  onTestFinished(() => server.close());
  return server.url;
}

async function fileOf(content: string): Promise<string> {
  const path = join(await tempFolder(), 'secret');
  await writeFile(path, content);
  return path;
}

/** A job from its making to its end, over connections that are made as the command line makes them. */
async function completes(url: string, secret: { credsFile?: string; nkeySeedFile?: string }): Promise<void> {
  const options = natsOptionsFrom(url, { role: 'test', env: {}, ...secret });
  const channel = await (await joinCluster(url, options)).createJob(jobId(), describeJob(), keepsNothing);
  for (const unit of makeUnits(3)) await channel.publish(unit);
  await channel.seal(3);
  const worker = await (await joinCluster(url, options)).attachJob(channel.id, keepsNothing);
  expect(await workToTheEnd(worker)).toHaveLength(3);
}

/** The refusal of a connection: at once, in one line, and without what must not be seen. */
async function refusal(
  url: string,
  secret: { credsFile?: string; nkeySeedFile?: string },
  hidden: string,
): Promise<string> {
  const startMs = performance.now();
  const error = await connectCluster(natsOptionsFrom(url, { role: 'test', env: {}, ...secret })).then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  expect(performance.now() - startMs).toBeLessThan(5_000);
  expect(inspect(error, { depth: 12, showHidden: true })).not.toContain(hidden);
  expect(error?.message).not.toContain('\n');
  return `${(error as { code?: string } | undefined)?.code}: ${error?.message}`;
}

describeNats('credentials', () => {
  it('of an account, in a file, let a job be made and worked on; jobs of another account are not seen', async () => {
    const { config, accounts } = accountsConfig(['one', 'two']);
    const [one, two] = accounts;
    const url = await serving(config);
    await completes(url, { credsFile: await fileOf(one?.creds ?? '') });
    const other = await joinCluster(
      url,
      natsOptionsFrom(url, { role: 'test', env: {}, credsFile: await fileOf(two?.creds ?? '') }),
    );
    for await (const job of other.jobs()) expect.unreachable(`saw ${job.id}`);
  });

  it('of an account that the server does not know are refused, as is a file that holds none or is not there', async () => {
    const url = await serving(accountsConfig(['one']).config);
    const stranger = accountsConfig(['stranger']).accounts[0];
    const strange = await refusal(url, { credsFile: await fileOf(stranger?.creds ?? '') }, stranger?.seed ?? '');
    expect(strange).toMatch(
      /^FDC_ERR_TRANSPORT_CONNECT: The NATS server at .* refuses the connection: .*; correct the credentials/,
    );
    const torn = (stranger?.creds ?? '').replace('-----BEGIN USER NKEY SEED-----', '');
    expect(await refusal(url, { credsFile: await fileOf(torn) }, stranger?.seed ?? '')).toContain('credentials');
    expect(await refusal(url, { credsFile: '/no/such.creds' }, 'nothing')).toBe(
      'FDC_ERR_USAGE: /no/such.creds cannot be read (ENOENT); it should hold credentials for NATS',
    );
  });
});

describeNats('an nkey', () => {
  it('in a file lets a job be made and worked on', async () => {
    const user = nkeys.createUser();
    const url = await serving(`authorization: { users: [{ nkey: ${user.getPublicKey()} }] }`);
    await completes(url, { nkeySeedFile: await fileOf(`${Buffer.from(user.getSeed())}\n`) });
  });

  it('that the server does not know is refused, as is a file without one', async () => {
    const url = await serving(`authorization: { users: [{ nkey: ${nkeys.createUser().getPublicKey()} }] }`);
    const seed = Buffer.from(nkeys.createUser().getSeed()).toString();
    expect(await refusal(url, { nkeySeedFile: await fileOf(seed) }, seed)).toMatch(
      /^FDC_ERR_TRANSPORT_CONNECT: .* refuses the connection/,
    );
    const broken = `${seed.slice(0, 20)}0000${seed.slice(24)}`;
    const file = await fileOf(broken);
    expect(await refusal(url, { nkeySeedFile: file }, broken)).toBe(
      `FDC_ERR_USAGE: ${file} holds no nkey seed (a line that begins with SU)`,
    );
  });
});
