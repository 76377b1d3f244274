/** Repair: bring queue, records and manifest together. */
import { repairJob } from '../../cluster/repair-job.ts';
import { FlowDcError } from '../../errors.ts';
import { count } from '../../format.ts';
import type { Command } from '../args/command.ts';
import { helpFor } from '../args/help.ts';
import { clusterCommand, oneJob, withCluster } from '../args/with-job.ts';
import { EXIT } from '../terminal/exit-codes.ts';

/** `repair`: bring queue, records and manifest together. */
export const repairCommand: Command = {
  name: 'repair',
  summary:
    'Publish again what a server has lost, and give out again what it held back. Safe at any time; a submit ' +
    'that follows its job does it by itself.',
  usage: 'repair JOB [DEST] [--nats URL | --join FILE] [--json]',
  async run(argv, io) {
    const command = clusterCommand('repair', argv, io);
    if (command === undefined) {
      io.stdout.write(helpFor(repairCommand));
      return EXIT.done;
    }
    const [job, dest, ...rest] = command.positionals;
    if (rest.length > 0)
      throw new FlowDcError('FDC_ERR_USAGE', 'repair takes a job and its output folder: flow-dc repair JOB DEST');
    const report = await withCluster(command, io, async (cluster, joined) => {
      const channel = await cluster.attachJob(oneJob('repair', job === undefined ? [] : [job], joined));
      try {
        return await repairJob(channel, dest, io.signal);
      } finally {
        await channel[Symbol.asyncDispose]();
      }
    });
    const { removed, requeued, missing, republished, unchecked } = report;
    if (command.config.run.json) io.stdout.write(`${JSON.stringify(report)}\n`);
    io.stderr.write(`${count(removed)} finished units taken out of the queue, ${count(requeued)} given out again\n`);
    if (unchecked === undefined)
      io.stderr.write(`${count(missing.length)} units were nowhere, ${count(republished)} published again\n`);
    else io.stderr.write(`not compared with the manifest: ${unchecked}\n`);
    return EXIT.done;
  },
};
