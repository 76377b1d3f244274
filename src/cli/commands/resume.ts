/** Resume: go on with what is in a folder. */
import type { Config } from '../../config/types.ts';
import { FlowDcError } from '../../errors.ts';
import { readJob } from '../../job/job-folder.ts';
import type { CliIo, Command } from '../args/command.ts';
import { parseFlags } from '../args/flags.ts';
import { helpFor } from '../args/help.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { runDownload } from './download.ts';

/** `resume`: finish a job from what its folder knows. */
export const resumeCommand: Command = {
  name: 'resume',
  summary:
    'Finish a download that was interrupted. The folder remembers inputs and options; options given here win, ' +
    'headers must be given again.',
  usage: 'resume DEST [options]',
  async run(argv, io) {
    const flags = parseFlags(argv, { command: 'resume' });
    if (flags.help) {
      io.stdout.write(helpFor(resumeCommand));
      return EXIT.done;
    }
    const [out, ...rest] = flags.positionals;
    if (out === undefined || rest.length > 0)
      throw new FlowDcError('FDC_ERR_USAGE', 'resume takes one folder: flow-dc resume DEST');
    const job = await readJob(out);
    return runDownload(
      { ...(job.settings as Config), ...flags.config, output: job.out, overwrite: false },
      withoutStdin(io),
    );
  },
};

/** What was piped before is read from where it was kept; a terminal must not be waited for. */
function withoutStdin(io: CliIo): CliIo {
  const { stdin: _stdin, ...rest } = io;
  return rest;
}
