/** Downloads into a real gateway, as processes of the built program, and the account of what they left there. */
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { Rule } from '../../src/demo-hosts/behaviour.ts';
import type { DemoHosts, DemoHostsOptions } from '../../src/demo-hosts/start-demo-hosts.ts';
import { type ClusterTrial, clusterTrial, type TrialOptions } from './cluster-cli.ts';
import { essence, outcomesOf } from './dataset.ts';
import { type FaultProxy, testFaultProxy } from './fault-proxy.ts';
import { type CliOptions, type CliProcess, type CliResult, runCli, startCli } from './run-cli.ts';
import { type GatewayKind, type S3Gateway, type S3GatewayOptions, testS3Gateway } from './s3-gateway.ts';
import { tempFolder } from './temp-folder.ts';
import { testOrigin } from './test-origin.ts';

export interface StoreTrialOptions {
  readonly rows?: number;
  readonly shardSize?: number;
  /** Of an image, bytes, every one the same. */
  readonly bytes?: number;
  readonly latencyMs?: number;
  readonly origin?: DemoHostsOptions;
  /** In place of the trial's own manifest. */
  readonly manifest?: string;
  readonly gateway?: S3GatewayOptions;
  readonly flags?: readonly string[];
}

export interface StoreTrial {
  /** What its rows depend on: trials of one kind give the same dataset. */
  readonly kind: string;
  readonly gateway: S3Gateway;
  /** Between the program and the gateway. */
  readonly proxy: FaultProxy;
  readonly origin: DemoHosts;
  readonly folder: string;
  /** `s3://bucket/data` */
  readonly out: string;
  /** Command line of a download of the trial's manifest. */
  download(out?: string, ...more: readonly string[]): string[];
  start(args: readonly string[], options?: CliOptions): CliProcess;
  run(args: readonly string[], options?: CliOptions): Promise<CliResult>;
  /** Everything below the prefix as a local folder: a downloaded copy of the dataset. */
  copy(): Promise<string>;
  /** Sorted rows with what must not depend on interruptions. */
  essence(): Promise<string[]>;
  /** Fails where an upload is open, an object is not one of a finished dataset, or a local file was left. */
  expectClean(): Promise<void>;
}

const HOSTS = ['a.test', 'b.test', 'c.test', 'gone.test', 'page.test'];
export const PREFIX = 'data';
/** The state that stays: no lock, nothing that was staged. What else is there `verify` looks at. */
const KEPT = /^\.flow-dc\/(job\.json|timeline\.jsonl|hosts\.json|quotas\.json|units\/\d{3}\/[\w-]+\.json)$/;

/** A manifest over five hosts, some of which answer badly, and everything that it is downloaded with. */
export async function storeTrial(options: StoreTrialOptions = {}): Promise<StoreTrial> {
  const { rows = 600, shardSize = 60, bytes = 4000, latencyMs = 10 } = options;
  const folder = await tempFolder();
  const temporary = join(folder, 'tmp');
  await mkdir(temporary);
  const gateway = await testS3Gateway('versitygw', options.gateway);
  const proxy = await testFaultProxy(() => gateway.port);
  const rules: Rule[] = [
    { behaviours: [{ kind: 'latency', meanMs: latencyMs, sigma: 0.3 }] },
    { host: 'gone.test', behaviours: [{ kind: 'status', status: 404, share: 0.2 }] },
    { host: 'page.test', behaviours: [{ kind: 'html', share: 0.1 }] },
  ];
  const origin = await testOrigin({ rules, meanBytes: bytes, sigma: 0, ...options.origin });
  const manifest = options.manifest ?? join(folder, 'm.csv');
  const lines = Array.from({ length: rows }, (_, i) => `http://${HOSTS[i % HOSTS.length]}/p/${i}.jpg,l${i % 7}`);
  if (options.manifest === undefined) await writeFile(manifest, ['url,label', ...lines].join('\n'));
  const out = `s3://${gateway.bucket}/${PREFIX}`;
  const given = ['--connect-to', origin.connectTo, '--shard-size', String(shardSize), '--progress', 'off'];
  const law = ['--law', 'fixed', '--per-host-concurrency', '16'];
  const env = { ...gateway.env(proxy.url), TMPDIR: temporary };

  const start = (args: readonly string[], cli: CliOptions = {}): CliProcess => {
    const started = startCli(args, { ...cli, env: { ...env, ...cli.env } });
    onTestFinished(() => void started.child.kill('SIGKILL'));
    return started;
  };
  const copy = async (): Promise<string> => copyOf(gateway, `${PREFIX}/`, await mkdtemp(join(folder, 'copy-')));
  return {
    kind: JSON.stringify([rows, shardSize, bytes, options.manifest, options.flags]),
    gateway,
    proxy,
    origin,
    folder,
    out,
    download: (to = out, ...more) => [
      'download',
      manifest,
      '-o',
      to,
      ...given,
      ...law,
      ...(options.flags ?? []),
      ...more,
    ],
    start,
    run: (args, cli) => start(args, cli).done,
    copy,
    essence: async () => essence(await outcomesOf(await copy())),
    expectClean: async () => {
      expect(await gateway.openUploads()).toEqual([]);
      const names = (await gateway.objects()).map(({ key }) => key);
      expect(names.filter((name) => !name.startsWith(`${PREFIX}/`))).toEqual([]);
      const below = names.map((name) => name.slice(PREFIX.length + 1));
      expect(below.filter((name) => name.includes('/') && !KEPT.test(name))).toEqual([]);
      expect(await readdir(temporary)).toEqual([]);
    },
  };
}

/** Everything below a prefix as files in a folder. */
async function copyOf(gateway: S3Gateway, prefix: string, to: string): Promise<string> {
  for (const { key } of await gateway.objects(prefix)) {
    const path = join(to, key.slice(prefix.length));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, await gateway.read(key));
  }
  return to;
}

export interface ClusterStoreTrial extends ClusterTrial {
  readonly gateway: S3Gateway;
  readonly out: string;
  /** The temporary folder of every process. */
  readonly temporary: string;
  readonly env: Readonly<Record<string, string>>;
  run(...args: readonly string[]): Promise<CliResult>;
  /** Every row of the dataset, without what may differ between runs. */
  rows(prefix?: string): Promise<string[]>;
  /** Nothing is left that nobody would finish, in the store or on this machine, and verify finds nothing. */
  expectClean(): Promise<void>;
}

/** A job of several processes into a gateway, with nothing in between. */
export async function clusterStoreTrial(
  options: TrialOptions,
  kind: GatewayKind = 'versitygw',
): Promise<ClusterStoreTrial> {
  const gateway = await testS3Gateway(kind);
  const temporary = await tempFolder();
  const env = { ...gateway.env(), TMPDIR: temporary };
  const trial = await clusterTrial({ ...options, env });
  const out = `s3://${gateway.bucket}/data/pictures`;
  const run = (...args: readonly string[]): Promise<CliResult> => runCli(args, { env });
  return {
    ...trial,
    ...{ gateway, out, temporary, env, run },
    rows: async (prefix = 'data/pictures/') =>
      essence(await outcomesOf(await copyOf(gateway, prefix, await tempFolder()))),
    expectClean: async () => {
      expect(await gateway.openUploads()).toEqual([]);
      expect(await readdir(temporary)).toEqual([]);
      expect(await run('verify', out)).toMatchObject({ code: 0, stdout: '' });
    },
  };
}

/** By what decides them: what a local run of the same manifest gave. */
const locals = new Map<string, Promise<string[]>>();

/** What a local run of the same manifest gives, which a store's must equal; run once for all trials of a file. */
export function localEssence(trial: StoreTrial): Promise<string[]> {
  const known = locals.get(trial.kind) ?? runLocally(trial);
  locals.set(trial.kind, known);
  return known;
}

async function runLocally(trial: StoreTrial): Promise<string[]> {
  const out = join(trial.folder, 'local');
  const { code, stderr } = await trial.run(trial.download(out));
  expect(code, stderr).toBe(0);
  return essence(await outcomesOf(out));
}
