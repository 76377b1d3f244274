/** Submitters and workers as processes of the built program, ended with the test. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFailed, onTestFinished } from 'vitest';
import type { Rule } from '../../src/demo-hosts/behaviour.ts';
import type { DemoHosts, DemoHostsOptions } from '../../src/demo-hosts/start-demo-hosts.ts';
import { type Harm, manyThreads } from './many-threads.ts';
import { type CliOptions, type CliProcess, startCli } from './run-cli.ts';
import { tempFolder } from './temp-folder.ts';
import { testOrigin } from './test-origin.ts';

export interface ClusterTrial {
  readonly folder: string;
  /** A path in the test's folder. */
  path(name: string): string;
  readonly manifest: string;
  /** Flags that both download and submit take for this trial. */
  readonly flags: readonly string[];
  readonly origin: DemoHosts;
  start(args: readonly string[], options?: CliOptions): CliProcess;
  submit(out: string, ...more: readonly string[]): CliProcess;
  worker(...more: readonly string[]): CliProcess;
}

export interface TrialOptions {
  readonly nats?: string;
  readonly rows?: number;
  readonly shardSize?: number;
  readonly latencyMs?: number;
  /** Of every worker, and what becomes of the first one beside its own. */
  readonly threads?: number;
  readonly harm?: Harm;
  readonly origin?: DemoHostsOptions;
  /** Behind every URL's path. */
  readonly query?: string;
  /** Default: fixed, 8 requests per host and worker. */
  readonly law?: 'fixed' | 'paarc';
  /** In place of the trial's own manifest. */
  readonly manifest?: string;
  /** Of every process. */
  readonly env?: Readonly<Record<string, string>>;
}

const HOSTS = ['a.test', 'b.test', 'c.test', 'gone.test', 'page.test'];

/** A manifest over five hosts, some of which answer badly, and the origin that plays them. */
export async function clusterTrial(options: TrialOptions = {}): Promise<ClusterTrial> {
  const { nats, rows = 2000, shardSize = 100, latencyMs = 15, query = '', threads = 1, harm } = options;
  const folder = await tempFolder();
  const rules: Rule[] = [
    { behaviours: [{ kind: 'latency', meanMs: latencyMs, sigma: 0.3 }] },
    { host: 'gone.test', behaviours: [{ kind: 'status', status: 404, share: 0.2 }] },
    { host: 'page.test', behaviours: [{ kind: 'html', share: 0.1 }] },
  ];
  const origin = await testOrigin({ rules, meanBytes: 3000, ...options.origin });
  const manifest = options.manifest ?? join(folder, 'manifest.csv');
  const lines = Array.from(
    { length: rows },
    (_, i) => `http://${HOSTS[i % HOSTS.length]}/p/${i}.jpg${query},l${i % 7}`,
  );
  if (options.manifest === undefined) await writeFile(manifest, ['url,label', ...lines].join('\n'));
  const server = nats === undefined ? [] : ['--nats', nats];
  // Fixed limits by default: how fast a law warms up must not decide how far a run gets before it is disturbed.
  const law = options.law === 'paarc' ? [] : ['--law', 'fixed', '--per-host-concurrency', '8'];
  const flags = [manifest, '--shard-size', String(shardSize), '--connect-to', origin.connectTo, ...law];
  const start = (args: readonly string[], cli: CliOptions = {}): CliProcess => {
    const started = startCli(args, { ...cli, env: { ...options.env, ...cli.env } });
    onTestFinished(() => void started.child.kill('SIGKILL'));
    onTestFailed(() => {
      // `SIGKILL` is the test's end: it was waited for in vain.
      const { exitCode, signalCode } = started.child;
      process.stderr.write(`flow-dc ${args.join(' ')}: ${exitCode ?? signalCode}\n${started.stderr()}\n`);
    });
    return started;
  };
  const ofWorkers = ['--open-units', '3', '--threads', `${threads}`];
  const env = threads === 1 ? {} : manyThreads(harm);
  return {
    folder,
    path: (name) => join(folder, name),
    manifest,
    flags,
    origin,
    start,
    submit: (out, ...more) => start(['submit', ...flags, '-o', out, ...server, '--lease-sec', '3', ...more]),
    worker: (...more) => start(['worker', ...(nats === undefined ? [] : [nats]), ...ofWorkers, ...more], { env }),
  };
}

/** Resolves when the process has said `text` on stderr; rejects when it ends without, or says nothing for too long. */
export async function said(process: CliProcess, text: string | RegExp, timeoutMs = 60_000): Promise<void> {
  const isSaid = (): boolean =>
    typeof text === 'string' ? process.stderr().includes(text) : text.test(process.stderr());
  const ended = new AbortController();
  const end = (): void => ended.abort();
  void process.done.then(end, end);
  const deadlineMs = performance.now() + timeoutMs;
  while (!isSaid()) {
    if (ended.signal.aborted || performance.now() > deadlineMs)
      throw new Error(`waited for ${text} in:\n${process.stderr()}`);
    await sleep(20);
  }
}
