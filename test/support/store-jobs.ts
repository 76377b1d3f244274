/** Jobs whose output is a prefix of a real gateway's bucket: the command that makes one, and what then lies there. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DemoHosts } from '../../src/demo-hosts/start-demo-hosts.ts';
import { essence, outcomesOf } from './dataset.ts';
import { type CliOptions, type CliProcess, runCli, startCli } from './run-cli.ts';
import { type GatewayKind, type S3Gateway, testS3Gateway } from './s3-gateway.ts';
import { tempFolder } from './temp-folder.ts';
import { testOrigin } from './test-origin.ts';

const HOSTS = ['a.test', 'b.test', 'c.test', 'gone.test'];

export interface StoreJobs {
  readonly folder: string;
  readonly gateway: S3Gateway;
  readonly origin: DemoHosts;
  readonly csv: string;
  readonly manifest: string;
  /** Of a machine: its temporary folder, and how it reaches the gateway. */
  machine(name: string): Promise<{ readonly tmp: string; readonly env: Record<string, string> }>;
  /** `download MANIFEST -o OUT` and what makes it go at a pace that does not depend on how a law warms up. */
  args(out: string, ...more: string[]): string[];
  start(args: readonly string[], machine?: string, options?: CliOptions): Promise<CliProcess>;
  run(args: readonly string[], machine?: string, options?: CliOptions): ReturnType<typeof runCli>;
  /** Every row of the dataset below a prefix, without what may differ between runs. */
  rowsBelow(prefix: string): Promise<string[]>;
  /** The same of a local run of the same list, run once for all jobs of a file. */
  rowsOfLocalRun(): Promise<string[]>;
  keysBelow(prefix: string): Promise<string[]>;
}

/** By the number of rows, which decides them. */
const locals = new Map<number, Promise<string[]>>();

export async function storeJobs(kind: GatewayKind, rows = 600, latencyMs = 10): Promise<StoreJobs> {
  const folder = await tempFolder();
  const gateway = await testS3Gateway(kind);
  const origin = await testOrigin({
    rules: [
      { behaviours: [{ kind: 'latency', meanMs: latencyMs, sigma: 0.3 }] },
      { host: 'gone.test', behaviours: [{ kind: 'status', status: 404, share: 0.2 }] },
    ],
    meanBytes: 3000,
  });
  const lines = Array.from({ length: rows }, (_, i) => `http://${HOSTS[i % HOSTS.length]}/p/${i}.jpg,l${i % 7}`);
  const csv = `url,label\n${lines.join('\n')}\n`;
  const manifest = join(folder, 'manifest.csv');
  await writeFile(manifest, csv);
  const machine = async (name: string): Promise<{ tmp: string; env: Record<string, string> }> => {
    const tmp = join(folder, name);
    await mkdir(tmp, { recursive: true });
    return { tmp, env: { ...gateway.env(), TMPDIR: tmp } };
  };
  const settings = ['--shard-size', '100', '--connect-to', origin.connectTo, '--law', 'fixed'];
  const args = (out: string, ...more: string[]): string[] => [
    ...['download', manifest, '-o', out, ...settings, '--per-host-concurrency', '8', '--threads', '1', ...more],
  ];
  const runLocally = async (local: string): Promise<string[]> => {
    const { code, stderr } = await runCli(args(local, '--per-host-concurrency', '64'));
    if (code !== 0) throw new Error(stderr);
    return essence(await outcomesOf(local));
  };
  const optionsOf = async (name: string, options: CliOptions): Promise<CliOptions> => ({
    ...options,
    env: { ...(await machine(name)).env, ...options.env },
  });
  return {
    ...{ folder, gateway, origin, csv, manifest, machine, args },
    start: async (words, name = 'here', options = {}) => startCli(words, await optionsOf(name, options)),
    run: async (words, name = 'here', options = {}) => runCli(words, await optionsOf(name, options)),
    rowsBelow: async (prefix) => {
      const copy = await tempFolder();
      for (const { key } of await gateway.objects(`${prefix}/`)) {
        const path = join(copy, key.slice(prefix.length + 1));
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, await gateway.read(key));
      }
      return essence(await outcomesOf(copy));
    },
    rowsOfLocalRun: () => {
      const known = locals.get(rows) ?? runLocally(join(folder, 'local'));
      locals.set(rows, known);
      return known;
    },
    keysBelow: async (prefix) => (await gateway.objects(`${prefix}/`)).map(({ key }) => key.slice(prefix.length + 1)),
  };
}

/** What runs left in a machine's temporary folder. */
export async function leftIn(tmp: string): Promise<string[]> {
  return readdir(tmp);
}
