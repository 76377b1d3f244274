/** Cancel and repair: what changes a job on a server. */
import { hostname } from 'node:os';
import { systemClock } from '../../clock.ts';
import { type CancelResult, cancelJob } from '../../cluster/end-job.ts';
import { endServer } from '../../cluster/own-server.ts';
import { repairJob } from '../../cluster/repair-job.ts';
import { count } from '../../format.ts';
import { nextCommand } from '../../next-command.ts';
import { defineCommand } from '../args/define-command.ts';
import type { ParsedFlags } from '../args/flags.ts';
import { requireServer, withJob } from '../args/with-job.ts';
import { type CliIo, EXIT, writeLines } from '../terminal/process.ts';

/** `cancel`: end a job; what is committed stays. */
export const cancelCommand = defineCommand({
  name: 'cancel',
  summary:
    'End a job on all machines. What is committed stays; the same submit, or a download into the same folder, ' +
    'goes on with the rest.',
  usage: 'cancel JOB [--nats URL | --join FILE]',
  async run(flags, io) {
    const result = await withJob('cancel', flags, io, (channel) =>
      cancelJob(channel, `flow-dc cancel on ${hostname()}`, systemClock),
    );
    if (result.server !== undefined) await endServer(result.server, systemClock);
    writeLines(io.stderr, [cancelLine(result)]);
    return EXIT.done;
  },
});

function cancelLine({ folder, out, sealed, rows = 0, units = 0 }: CancelResult): string {
  const resume = nextCommand('resume', out);
  const does = sealed ? 'finishes it: every unit was done before' : 'goes on with the rest';
  switch (folder) {
    case 'finished':
      return (
        `nothing to cancel: the job is sealed with ${count(rows)} rows in ${count(units)} units, and its dataset in ` +
        `${out} stays as it is`
      );
    case 'free':
      return `cancelled; ${out} is free: the same submit, or ${resume}, ${does}`;
    case 'followed':
      return sealed
        ? `nothing to cancel: every unit is done, and the submit that follows the job finishes ${out}`
        : `cancelled; the submit that follows it leaves ${out} as it is and ends`;
    case 'unseen':
      return (
        `cancelled; this machine does not see ${out}: where it is seen, the same submit ${does}, ` +
        `and so does ${resume} --take-over`
      );
  }
}

/** Bring queue, records and manifest of a job on a server together. @returns the exit code */
export async function repairOnServer(flags: ParsedFlags, io: CliIo): Promise<number> {
  const [job, dest] = flags.positionals;
  if (job !== undefined)
    requireServer(
      'repair',
      flags,
      io,
      `${job} is no dataset: name its folder, or the server of a job of that name (--nats URL)`,
    );
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
