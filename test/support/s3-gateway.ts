/** A real S3 gateway of our own: on a port of this machine, with a folder of its own, ended by its process id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, onTestFinished } from 'vitest';
import { findVersitygw, HOW_TO_GET_VERSITYGW } from '../../scripts/versitygw-binary.ts';
import { BucketView } from './bucket-view.ts';

/**
 * `versitygw` checks signatures, keeps uploads invisible and lists them, knows If-None-Match (but looks first and
 * writes then: FaultProxy makes that one step, as AWS does). `s3rver` starts sooner and knows none of this: it can
 * neither list nor abort uploads, takes any signature of its one key, and If-None-Match changes nothing.
 */
export type GatewayKind = 'versitygw' | 's3rver';

export interface S3GatewayOptions {
  /** Where it keeps everything; default: a folder that goes away with it. */
  readonly folder?: string;
  /** Made at the start; default `bucket`. */
  readonly bucket?: string;
}

export interface S3Gateway extends BucketView {
  readonly kind: GatewayKind;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** What programs need in their environment: credentials, region and endpoint, and no others from elsewhere. */
  env(endpoint?: string): Record<string, string>;
  /** kill -9, as a machine that lost its power. */
  kill(): Promise<void>;
  /** Start again on the same port and folder. */
  start(): Promise<void>;
  /** End it and remove everything. */
  close(): Promise<void>;
  /** This process need not stay for it. */
  unref(): void;
}

/** s3rver has these and no others. */
const S3RVER_KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
const KEYS = { accessKeyId: 'TESTKEYFORGATEWAY', secretAccessKey: 'a-s3cret-that-nobody-may-print' };
const REGION = 'us-east-1';
const STARTED_MS = 15_000;
const S3RVER = fileURLToPath(new URL('../../node_modules/s3rver/bin/s3rver.js', import.meta.url));

/** A suite that needs versitygw: skipped, and counted in one banner at the end, where there is none. */
export function describeS3(name: string, suite: () => void): void {
  describe.skipIf(findVersitygw() === undefined)(`S3: ${name}`, suite);
}

export async function startS3Gateway(
  kind: GatewayKind = 'versitygw',
  options: S3GatewayOptions = {},
): Promise<S3Gateway> {
  const own = options.folder === undefined ? await mkdtemp(join(tmpdir(), 'flow-dc-s3-')) : undefined;
  const gateway = new TestGateway(kind, options.folder ?? (own as string), own, await freePort(), options.bucket);
  await gateway.start();
  if (kind === 'versitygw') await gateway.makeBucket();
  return gateway;
}

/** One that closes with the test. */
export async function testS3Gateway(kind: GatewayKind = 'versitygw', options: S3GatewayOptions = {}) {
  const gateway = await startS3Gateway(kind, options);
  onTestFinished(() => gateway.close());
  return gateway;
}

class TestGateway extends BucketView implements S3Gateway {
  readonly kind: GatewayKind;
  readonly port: number;
  readonly #folder: string;
  readonly #own: string | undefined;
  #child: ChildProcess | undefined;

  constructor(kind: GatewayKind, folder: string, own: string | undefined, port: number, bucket = 'bucket') {
    const uploads = kind === 's3rver' ? join(folder, bucket, '._S3rver_uploads') : undefined;
    super(`http://127.0.0.1:${port}`, REGION, kind === 's3rver' ? S3RVER_KEYS : KEYS, bucket, uploads);
    this.kind = kind;
    this.port = port;
    this.#folder = folder;
    this.#own = own;
  }

  get url(): string {
    return this.endpoint;
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  env(endpoint = this.url): Record<string, string> {
    return {
      AWS_ACCESS_KEY_ID: this.keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: this.keys.secretAccessKey,
      AWS_REGION: REGION,
      AWS_DEFAULT_REGION: REGION,
      AWS_ENDPOINT_URL: endpoint,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    };
  }

  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const [command, ...args] = this.#command();
    const env = {
      ...process.env,
      ROOT_ACCESS_KEY_ID: this.keys.accessKeyId,
      ROOT_SECRET_ACCESS_KEY: this.keys.secretAccessKey,
    };
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4_000);
      });
    for (let waitedMs = 0; waitedMs < STARTED_MS && child.exitCode === null; waitedMs += 20) {
      // Any answer is one, also that the path is unknown.
      const answers = await fetch(`${this.url}/health`).then(
        () => true,
        () => false,
      );
      if (answers) return;
      await sleep(20);
    }
    child.kill('SIGKILL');
    throw new Error(`${this.kind} did not start:\n${said}`);
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  unref(): void {
    this.#child?.unref();
    for (const stream of [this.#child?.stdout, this.#child?.stderr]) (stream as Socket | null | undefined)?.unref();
  }

  async close(): Promise<void> {
    this.closeView();
    await this.#end('SIGKILL');
    if (this.#own !== undefined) await rm(this.#own, { recursive: true, force: true });
  }

  #command(): [string, ...string[]] {
    const address = '127.0.0.1';
    const port = String(this.port);
    if (this.kind === 's3rver') {
      const quick = [
        '--no-vhost-buckets',
        '--allow-mismatched-signatures',
        '--silent',
        '--configure-bucket',
        this.bucket,
      ];
      return [process.execPath, S3RVER, '-d', this.#folder, '-a', address, '-p', port, ...quick];
    }
    const binary = findVersitygw();
    if (binary === undefined) throw new Error(HOW_TO_GET_VERSITYGW);
    const flags = ['--quiet', '--keep-alive', '--health', '/health', '--region', REGION];
    return [binary, '--port', `${address}:${port}`, ...flags, 'posix', this.#folder];
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}

/** A gateway that is started again must have the port it had, so it is chosen here. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const closed = once(server, 'close');
  server.close();
  await closed;
  return port;
}
