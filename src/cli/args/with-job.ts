/** Commands that ask a server about a job. */
import { reachCluster } from '../../cluster/reach-cluster.ts';
import { combineConfig } from '../../config/combine.ts';
import { resolveConfig } from '../../config/resolve.ts';
import type { ResolvedConfig } from '../../config/types.ts';
import { FlowDcError } from '../../errors.ts';
import type { Cluster, JobListing } from '../../transport/cluster.ts';
import type { CliIo } from './command.ts';
import { parseFlags } from './flags.ts';

/** Somebody waits in front of a screen. */
const CONNECT_MS = 10_000;

export interface ClusterCommand {
  readonly config: ResolvedConfig;
  readonly positionals: readonly string[];
}

/** Flags and environment of a command that only talks to the server; undefined when help was asked for. */
export function clusterCommand(
  command: 'status' | 'jobs' | 'cancel' | 'repair',
  argv: readonly string[],
  io: CliIo,
): ClusterCommand | undefined {
  const flags = parseFlags(argv, { command });
  if (flags.help) return undefined;
  const { config } = combineConfig({ flags: flags.config, environment: io.env });
  return { config: resolveConfig(config, command), positionals: flags.positionals };
}

/** Connect, do it, and disconnect. `job` is the one that a join file names. */
export async function withCluster<T>(
  { config }: ClusterCommand,
  io: CliIo,
  work: (cluster: Cluster, job: string | undefined) => Promise<T>,
): Promise<T> {
  const reached = await reachCluster(config.cluster, {
    role: 'status',
    env: io.env,
    signal: io.signal,
    connectTimeoutMs: CONNECT_MS,
  });
  try {
    return await work(reached.cluster, reached.job);
  } finally {
    await reached.cluster[Symbol.asyncDispose]();
  }
}

/** All jobs of the server, oldest first. */
export async function listJobs(cluster: Cluster): Promise<JobListing[]> {
  const jobs: JobListing[] = [];
  for await (const job of cluster.jobs()) jobs.push(job);
  return jobs.sort((a, b) => a.description.createdAtMs - b.description.createdAtMs);
}

/** The one job that a command is for. Errors: FDC_ERR_USAGE. */
export function oneJob(command: string, positionals: readonly string[], joined: string | undefined): string {
  const job = positionals[0] ?? joined;
  if (job !== undefined && positionals.length <= 1) return job;
  throw new FlowDcError(
    'FDC_ERR_USAGE',
    `${command} takes one job: flow-dc ${command} JOB; flow-dc jobs lists those of the server`,
  );
}
