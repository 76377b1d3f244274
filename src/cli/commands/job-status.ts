/** Status and jobs: the commands that look at a server, from any machine, and change nothing. */
import { sleep, systemClock } from '../../clock.ts';
import { type JobReport, jobReport } from '../../cluster/job-report.ts';
import { byteSize, count, counted, percent } from '../../format.ts';
import type { ClusterChannel } from '../../transport/cluster.ts';
import { defineCommand } from '../args/define-command.ts';
import { lastJob, listJobs, withCluster, withJob } from '../args/with-job.ts';
import { type CliIo, EXIT, writeLines, writeOwn } from '../terminal/process.ts';

const WATCH_MS = 1_000;
const CLEAR = '\u001b[H\u001b[J';
/** More hosts than this are in --json. */
const HOSTS_SHOWN = 12;

/** `status`: how a job stands. */
export const statusCommand = defineCommand({
  name: 'status',
  summary: 'Say how a job stands: units, rows, rates, workers, hosts. Without a name: the job that was submitted last.',
  usage: 'status [JOB] [--nats URL | --join FILE] [--watch] [--json]',
  async run(flags, io) {
    const { watch: again, json } = flags.config;
    const say = (channel: ClusterChannel): Promise<unknown> =>
      (again === true ? watch : show)(channel, io, json === true);
    await withJob('status', flags, io, say, lastJob);
    return EXIT.done;
  },
});

/** `jobs`: what a server has. */
export const jobsCommand = defineCommand({
  name: 'jobs',
  summary: 'List the jobs of a NATS server, oldest first: name, state, when it was submitted, output.',
  usage: 'jobs [--nats URL | --join FILE] [--json]',
  async run(flags, io) {
    const jobs = await withCluster('jobs', flags, io, listJobs);
    if (flags.config.json === true) {
      const plain = jobs.map(({ id, state, description: { out, createdAtMs, version } }) => ({
        id,
        state,
        out,
        createdAtMs,
        version,
      }));
      writeLines(io.stdout, [JSON.stringify(plain)]);
      return EXIT.done;
    }
    const width = Math.max(3, ...jobs.map(({ id }) => id.length));
    const lines = jobs.map(({ id, state, description: { out, createdAtMs } }) =>
      [id.padEnd(width), state.padEnd(10), new Date(createdAtMs).toISOString(), out].join('  '),
    );
    writeLines(io.stdout, lines);
    if (jobs.length === 0) writeLines(io.stderr, ['no jobs']);
    return EXIT.done;
  },
});

async function watch(channel: ClusterChannel, io: CliIo, json: boolean): Promise<void> {
  while (!io.signal.aborted) {
    if (io.stdout.isTTY === true && !json) writeOwn(io.stdout, CLEAR);
    const { state } = await show(channel, io, json);
    if (state === 'sealed' || state === 'cancelled') return;
    await sleep(systemClock, WATCH_MS, io.signal).catch(() => {});
  }
}

async function show(channel: ClusterChannel, io: CliIo, json: boolean): Promise<JobReport> {
  const report = await jobReport(channel, systemClock);
  writeLines(io.stdout, json ? [JSON.stringify(report)] : statusLines(report));
  return report;
}

function statusLines(report: JobReport): string[] {
  const { units, rows, workers, hosts } = report;
  const { total, committed, inFlight, waiting } = units;
  const share = total === undefined || total === 0 ? '' : ` of ${count(total)} (${percent(committed / total)})`;
  return [
    `job ${report.job}: ${report.state}${report.paused === true ? ', paused (flow-dc serve --nats URL has the button)' : ''}`,
    `  output   ${report.out}`,
    `  units    ${count(committed)}${share} done, ${count(inFlight)} worked on, ${count(waiting)} waiting`,
    `  rows     ${count(rows.settled)} settled: ${count(rows.fetched)} fetched, ${count(rows.failed)} failed, ` +
      `${count(rows.skipped)} skipped; ${byteSize(report.bytes)}`,
    `  rate     ${count(report.rowsPerSecond)} rows/s over ${counted(workers.length, 'worker')}`,
    ...workers.map(
      (worker) =>
        `  worker   ${worker.name}  ${worker.state}${worker.heldBy === 'disk' ? ' (waits for room on its disk)' : ''}, ${counted(worker.units.length, 'unit')}, ` +
        `${counted(worker.rowsDone, 'row')}, ${count(worker.rowsPerSecond)} rows/s` +
        (worker.refused ? `, ${count(worker.refused)} messages refused` : ''),
    ),
    ...hosts
      .slice(0, HOSTS_SHOWN)
      .map(
        ({ host, inFlight: requests, limit, workers: from }) =>
          `  host     ${host}  ${count(requests)} of ${count(limit)} requests in flight from ${counted(from, 'worker')}`,
      ),
    ...(hosts.length > HOSTS_SHOWN ? [`  host     and ${count(hosts.length - HOSTS_SHOWN)} more`] : []),
  ];
}
