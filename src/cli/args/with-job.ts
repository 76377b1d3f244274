/** How commands reach a server, and one job on it: connect, do it, disconnect. */
import { reachCluster } from '../../cluster/reach-cluster.ts';
import { combineConfig } from '../../config/combine.ts';
import { resolveConfig } from '../../config/resolve.ts';
import { FlowDcError } from '../../errors.ts';
import type { Cluster, ClusterChannel, JobListing } from '../../transport/cluster.ts';
import { type CliIo, writeLines } from '../terminal/process.ts';
import type { ParsedFlags } from './flags.ts';

/** Somebody waits in front of a screen. */
const PATIENCE_MS = 10_000;

/** The commands that only talk to the server. */
type ServerCommand = 'status' | 'jobs' | 'cancel' | 'repair' | 'serve';

/** Errors: FDC_ERR_USAGE with what else there is to name, where neither flags nor the environment name a server. */
export function requireServer(
  command: ServerCommand,
  { config }: ParsedFlags,
  { env }: CliIo,
  otherwise: string,
): void {
  const { cluster } = resolveConfig(combineConfig({ flags: config, environment: env }).config, command);
  if (cluster.servers.length === 0 && cluster.joinFile === undefined)
    throw new FlowDcError('FDC_ERR_USAGE', `${command}: ${otherwise}`);
}

/** @param work - gets the server, and the job that --job or a join file names */
export async function withCluster<T>(
  command: ServerCommand,
  { config: flags }: ParsedFlags,
  { env, signal, stderr }: CliIo,
  work: (cluster: Cluster, job: string | undefined) => Promise<T>,
): Promise<T> {
  const { cluster: settings } = resolveConfig(combineConfig({ flags, environment: env }).config, command);
  const { cluster, job } = await reachCluster(settings, {
    ...{ role: 'status', env, signal, connectTimeoutMs: PATIENCE_MS, giveUpMs: PATIENCE_MS },
    onWait: (text) => writeLines(stderr, [text]),
  });
  try {
    return await work(cluster, job);
  } finally {
    await cluster[Symbol.asyncDispose]();
  }
}

/**
 * @param otherJob - asked when neither an argument nor a join file names the job
 * Errors: FDC_ERR_USAGE unless it is exactly one.
 */
export async function withJob<T>(
  command: ServerCommand,
  flags: ParsedFlags,
  io: CliIo,
  work: (channel: ClusterChannel) => Promise<T>,
  otherJob?: (cluster: Cluster) => Promise<string>,
): Promise<T> {
  return withCluster(command, flags, io, async (cluster, joined) => {
    const job = oneJob(command, flags.positionals, joined ?? (await otherJob?.(cluster)));
    const channel = await cluster.attachJob(job);
    try {
      return await work(channel);
    } finally {
      await channel[Symbol.asyncDispose]();
    }
  });
}

function oneJob(name: string, positionals: readonly string[], joined: string | undefined): string {
  const job = positionals[0] ?? joined;
  if (job !== undefined && positionals.length <= 1) return job;
  throw new FlowDcError(
    'FDC_ERR_USAGE',
    `${name} takes one job: flow-dc ${name} JOB; flow-dc jobs lists those of the server`,
  );
}

/** All jobs of the server, oldest first. */
export async function listJobs(cluster: Cluster): Promise<JobListing[]> {
  const jobs: JobListing[] = [];
  for await (const job of cluster.jobs()) jobs.push(job);
  return jobs.sort((a, b) => a.description.createdAtMs - b.description.createdAtMs);
}

/** Open jobs are of more interest than ended ones. */
export async function lastJob(cluster: Cluster): Promise<string> {
  const jobs = await listJobs(cluster);
  const open = jobs.filter(({ state }) => state === 'publishing' || state === 'running');
  const last = open.at(-1) ?? jobs.at(-1);
  if (last !== undefined) return last.id;
  throw new FlowDcError('FDC_ERR_JOB_MISSING', `the server at ${cluster.server.url} has no jobs`);
}
