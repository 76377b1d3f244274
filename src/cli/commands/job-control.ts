/** Cancel and repair: what changes a job on a server. */
import { hostname } from 'node:os';
import { systemClock } from '../../clock.ts';
import { cancelJob } from '../../cluster/end-job.ts';
import { endServer } from '../../cluster/own-server.ts';
import { repairJob } from '../../cluster/repair-job.ts';
import { count } from '../../format.ts';
import { shellQuoted } from '../../report/head-lines.ts';
import { defineCommand } from '../args/define-command.ts';
import type { ParsedFlags } from '../args/flags.ts';
import { withJob } from '../args/with-job.ts';
import { type CliIo, EXIT, writeLines } from '../terminal/process.ts';

/** `cancel`: end a job; what is committed stays. */
export const cancelCommand = defineCommand({
  name: 'cancel',
  summary:
    'End a job on all machines. What is committed stays; the same submit, or a download into the same folder, ' +
    'goes on with the rest.',
  usage: 'cancel JOB [--nats URL | --join FILE]',
  async run(flags, io) {
    const { folder, out, server } = await withJob('cancel', flags, io, (channel) =>
      cancelJob(channel, `flow-dc cancel on ${hostname()}`, systemClock),
    );
    if (server !== undefined) await endServer(server, systemClock);
    const said = {
      free: `cancelled; ${out} is free: the same submit, or flow-dc resume ${shellQuoted(out)}, goes on with the rest`,
      followed: `cancelled; the submit that follows it leaves ${out} as it is and ends`,
      unseen:
        `cancelled; this machine does not see ${out}: where it is seen, the same submit goes on with the rest, ` +
        `and so does flow-dc resume ${shellQuoted(out)} --take-over`,
    };
    writeLines(io.stderr, [said[folder]]);
    return EXIT.done;
  },
});

/** Bring queue, records and manifest of a job on a server together. @returns the exit code */
export async function repairOnServer(flags: ParsedFlags, io: CliIo): Promise<number> {
  const [job, dest] = flags.positionals;
  const told = { ...flags, positionals: job === undefined ? [] : [job] };
  const report = await withJob('repair', told, io, (channel) => repairJob(channel, dest, io.signal));
  const { removed, requeued, missing, republished, unchecked } = report;
  if (flags.config.json === true) writeLines(io.stdout, [JSON.stringify(report)]);
  writeLines(io.stderr, [
    `${count(removed)} finished units taken out of the queue, ${count(requeued)} given out again`,
    unchecked === undefined
      ? `${count(missing.length)} units were nowhere, ${count(republished)} published again`
      : `not compared with the manifest: ${unchecked}`,
  ]);
  return EXIT.done;
}
