/**
 * worker.json: what a worker needs to join a server that `submit` started. Holds the token, so only its owner may read
 * it.
 */
import { chmod, open, readFile, rename } from 'node:fs/promises';
import { Ajv } from 'ajv';
import { FlowDcError } from '../errors.ts';

export interface JoinFile {
  readonly format: typeof FORMAT;
  /** As workers reach them, `nats://host:port`. */
  readonly servers: readonly string[];
  readonly token: string;
  readonly job: string;
  /** The server's process, for whoever has to end it. */
  readonly server: { readonly hostname: string; readonly pid: number; readonly processStart?: string };
}

const FORMAT = 'flow-dc join';

const string = { type: 'string', minLength: 1 } as const;
const matches = new Ajv().compile<JoinFile>({
  type: 'object',
  required: ['format', 'servers', 'token', 'job', 'server'],
  properties: {
    format: { const: FORMAT },
    servers: { type: 'array', minItems: 1, items: string },
    token: string,
    job: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,32}$' },
    server: {
      type: 'object',
      required: ['hostname', 'pid'],
      properties: { hostname: string, pid: { type: 'integer', minimum: 1 }, processStart: string },
    },
  },
});

/** Errors: FDC_ERR_USAGE when it cannot be read or is none. */
export async function readJoinFile(path: string): Promise<JoinFile> {
  const value = parsed(await readSecretFile(path));
  if (matches(value)) return value;
  throw new FlowDcError(
    'FDC_ERR_USAGE',
    `${path}: expected the worker.json that submit wrote into its output's state folder`,
  );
}

/** The one in a state folder that may not have one yet. */
export async function findJoinFile(path: string): Promise<JoinFile | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const value = text === undefined ? undefined : parsed(text);
  return matches(value) ? value : undefined;
}

/** The token in `path`: its first line, or that of a worker.json. Errors: FDC_ERR_USAGE. */
export async function readToken(path: string): Promise<string> {
  const text = await readSecretFile(path);
  const value = parsed(text);
  const token = matches(value) ? value.token : (text.split('\n')[0] ?? '').trim();
  if (token !== '') return token;
  throw new FlowDcError('FDC_ERR_USAGE', `${path} is empty; expected the token in its first line`);
}

/** Write or replace it, readable by its owner alone from the first moment. */
export async function writeJoinFile(path: string, content: Omit<JoinFile, 'format'>): Promise<void> {
  const partial = `${path}.part`;
  const handle = await open(partial, 'w', 0o600);
  try {
    // The mode of open counts for new files only.
    await chmod(partial, 0o600);
    await handle.writeFile(`${JSON.stringify({ format: FORMAT, ...content }, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(partial, path);
}

async function readSecretFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new FlowDcError('FDC_ERR_USAGE', `${path} cannot be read (${error.code})`);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
