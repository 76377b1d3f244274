/** Jobs: what a server has. */
import type { Command } from '../args/command.ts';
import { helpFor } from '../args/help.ts';
import { clusterCommand, listJobs, withCluster } from '../args/with-job.ts';
import { EXIT } from '../terminal/exit-codes.ts';

/** `jobs`: what a server has. */
export const jobsCommand: Command = {
  name: 'jobs',
  summary: 'List the jobs of a NATS server, oldest first: name, state, when it was submitted, output.',
  usage: 'jobs [--nats URL | --join FILE] [--json]',
  async run(argv, io) {
    const command = clusterCommand('jobs', argv, io);
    if (command === undefined) {
      io.stdout.write(helpFor(jobsCommand));
      return EXIT.done;
    }
    const jobs = await withCluster(command, io, listJobs);
    if (command.config.run.json) {
      const plain = jobs.map(({ id, state, description: { out, createdAtMs, version } }) => ({
        id,
        state,
        out,
        createdAtMs,
        version,
      }));
      io.stdout.write(`${JSON.stringify(plain)}\n`);
      return EXIT.done;
    }
    const width = Math.max(3, ...jobs.map(({ id }) => id.length));
    for (const { id, state, description } of jobs)
      io.stdout.write(
        `${id.padEnd(width)}  ${state.padEnd(10)}  ${new Date(description.createdAtMs).toISOString()}  ` +
          `${description.out}\n`,
      );
    if (jobs.length === 0) io.stderr.write('no jobs\n');
    return EXIT.done;
  },
};
