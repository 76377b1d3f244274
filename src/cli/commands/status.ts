/** Status: how a job stands, from any machine. */
import { sleep, systemClock } from '../../clock.ts';
import { type JobReport, reportOf } from '../../cluster/job-report.ts';
import { FlowDcError } from '../../errors.ts';
import type { Cluster, ClusterChannel } from '../../transport/cluster.ts';
import type { CliIo, Command } from '../args/command.ts';
import { helpFor } from '../args/help.ts';
import { clusterCommand, listJobs, oneJob, withCluster } from '../args/with-job.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { statusLines } from '../terminal/status-table.ts';

const WATCH_MS = 1_000;
const CLEAR = '\u001b[H\u001b[J';

/** `status`: how a job stands, from any machine. */
export const statusCommand: Command = {
  name: 'status',
  summary: 'Say how a job stands: units, rows, rates, workers, hosts. Without a name: the job that was submitted last.',
  usage: 'status [JOB] [--nats URL | --join FILE] [--watch] [--json]',
  async run(argv, io) {
    const command = clusterCommand('status', argv, io);
    if (command === undefined) {
      io.stdout.write(helpFor(statusCommand));
      return EXIT.done;
    }
    return withCluster(command, io, async (cluster, joined) => {
      const job = oneJob(
        'status',
        command.positionals,
        command.config.cluster.job ?? joined ?? (await lastJob(cluster)),
      );
      const channel = await cluster.attachJob(job);
      try {
        const { run, cluster: settings } = command.config;
        await (settings.watch ? watch(channel, io, run.json) : show(channel, io, run.json));
        return EXIT.done;
      } finally {
        await channel[Symbol.asyncDispose]();
      }
    });
  },
};

/** Open jobs are of more interest than ended ones. */
async function lastJob(cluster: Cluster): Promise<string> {
  const jobs = await listJobs(cluster);
  const open = jobs.filter(({ state }) => state === 'publishing' || state === 'running');
  const last = open.at(-1) ?? jobs.at(-1);
  if (last !== undefined) return last.id;
  throw new FlowDcError('FDC_ERR_JOB_MISSING', `the server at ${cluster.server.url} has no jobs`);
}

async function watch(channel: ClusterChannel, io: CliIo, json: boolean): Promise<void> {
  while (!io.signal.aborted) {
    if (io.stdout.isTTY === true && !json) io.stdout.write(CLEAR);
    const { state } = await show(channel, io, json);
    if (state === 'sealed' || state === 'cancelled') return;
    await sleep(systemClock, WATCH_MS, io.signal).catch(() => {});
  }
}

async function show(channel: ClusterChannel, io: CliIo, json: boolean): Promise<JobReport> {
  const report = await reportOf(channel, systemClock);
  io.stdout.write(json ? `${JSON.stringify(report)}\n` : `${statusLines(report).join('\n')}\n`);
  return report;
}
