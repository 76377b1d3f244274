/** Cancel: end a job on all machines. */
import { hostname } from 'node:os';
import { systemClock } from '../../clock.ts';
import { cancelJob } from '../../cluster/end-job.ts';
import { endServer } from '../../cluster/own-server.ts';
import { shellQuoted } from '../../report/head-lines.ts';
import type { Command } from '../args/command.ts';
import { helpFor } from '../args/help.ts';
import { clusterCommand, oneJob, withCluster } from '../args/with-job.ts';
import { EXIT } from '../terminal/exit-codes.ts';

/** `cancel`: end a job; what is committed stays. */
export const cancelCommand: Command = {
  name: 'cancel',
  summary:
    'End a job on all machines. What is committed stays; the same submit, or a download into the same folder, ' +
    'goes on with the rest.',
  usage: 'cancel JOB [--nats URL | --join FILE]',
  async run(argv, io) {
    const command = clusterCommand('cancel', argv, io);
    if (command === undefined) {
      io.stdout.write(helpFor(cancelCommand));
      return EXIT.done;
    }
    const { folder, out, server } = await withCluster(command, io, async (cluster, joined) => {
      const channel = await cluster.attachJob(oneJob('cancel', command.positionals, joined));
      try {
        return await cancelJob(channel, `flow-dc cancel on ${hostname()}`, systemClock);
      } finally {
        await channel[Symbol.asyncDispose]();
      }
    });
    if (server !== undefined) await endServer(server, systemClock);
    const said = {
      free: `cancelled; ${out} is free: the same submit, or flow-dc resume ${shellQuoted(out)}, goes on with the rest`,
      followed: `cancelled; the submit that follows it leaves ${out} as it is and ends`,
      unseen:
        `cancelled; this machine does not see ${out}: where it is seen, the same submit goes on with the rest, ` +
        `and so does flow-dc resume ${shellQuoted(out)} --take-over`,
    };
    io.stderr.write(`${said[folder]}\n`);
    return EXIT.done;
  },
};
