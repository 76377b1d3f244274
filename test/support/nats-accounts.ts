/**
 * Operators, accounts and users of a nats-server in JWT mode, as its own tools make them. Source: nats-io/jwt, version
 * 2.
 */
import { createHash } from 'node:crypto';
import { nkeys } from '@nats-io/transport-node';

const { createAccount, createOperator, createUser } = nkeys;
type KeyPair = ReturnType<typeof createUser>;

export interface TestAccount {
  /** Content of a credentials file for one of its users. */
  readonly creds: string;
  /** The user's seed, which no message may show. */
  readonly seed: string;
}

/** A server's configuration with one operator, and an account with JetStream for each of `names`. */
export function accountsConfig(names: readonly string[]): {
  readonly config: string;
  readonly accounts: readonly TestAccount[];
} {
  const operator = createOperator();
  const limits = { subs: -1, conn: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, leaf: -1 };
  const jetStream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const made = names.map((name) => {
    const account = createAccount();
    const claims = { type: 'account', version: 2, limits: { ...limits, ...jetStream } };
    return { account, jwt: sign(operator, account, name, claims) };
  });
  // The server wants a system account to be named in operator mode.
  const system = createAccount();
  const systemJwt = sign(operator, system, 'SYS', { type: 'account', version: 2, limits });
  const preload = [
    ...made.map(({ account, jwt }) => [account.getPublicKey(), jwt]),
    [system.getPublicKey(), systemJwt],
  ];
  const config = [
    `operator: ${sign(operator, operator, 'O', { type: 'operator', version: 2, system_account: system.getPublicKey() })}`,
    `system_account: ${system.getPublicKey()}`,
    'resolver: MEMORY',
    `resolver_preload: { ${preload.map(([key, jwt]) => `${key}: ${jwt}`).join('\n')} }`,
    '',
  ].join('\n');
  return { config, accounts: made.map(({ account }) => userOf(account)) };
}

function userOf(account: KeyPair): TestAccount {
  const user = createUser();
  const jwt = sign(account, user, 'user', { type: 'user', version: 2, subs: -1, data: -1, payload: -1 });
  const seed = Buffer.from(user.getSeed()).toString();
  const creds = `-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`;
  return { creds, seed };
}

function sign(issuer: KeyPair, subject: KeyPair, name: string, nats: object): string {
  const claims = {
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    name,
    nats,
    sub: subject.getPublicKey(),
  };
  const jti = createHash('sha256').update(JSON.stringify(claims)).digest('hex').toUpperCase();
  const body = [
    { typ: 'JWT', alg: 'ed25519-nkey' },
    { jti, ...claims },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const text = body.join('.');
  return `${text}.${Buffer.from(issuer.sign(Buffer.from(text))).toString('base64url')}`;
}
