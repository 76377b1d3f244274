/** Download and resume: the whole chain in one process. */
import { loadConfigFile } from '../../config/load.ts';
import { resolveConfig } from '../../config/resolve.ts';
import { viewJob } from '../../job/view/view-job.ts';
import { commandConfig } from '../args/command-config.ts';
import { defineCommand } from '../args/define-command.ts';
import { runExtend } from './extend.ts';
import { resumeDownload, runDownload } from './run-download.ts';

/** `download`: a manifest becomes a dataset. */
export const downloadCommand = defineCommand({
  name: 'download',
  summary:
    'Download every URL of a manifest into a dataset. The same command again resumes; a finished one does nothing.',
  usage: 'download MANIFEST... -o DEST [options]',
  async run(flags, io) {
    const { config, notices } = await commandConfig(flags, io);
    const { extend = false, ...given } = config;
    return (extend ? runExtend : runDownload)(given, io, notices);
  },
});

/** `resume`: finish a job from what its folder or its store knows. */
export const resumeCommand = defineCommand({
  name: 'resume',
  summary:
    'Finish a download that was interrupted. The dataset remembers inputs and options; options given here win, ' +
    'headers must be given again.',
  usage: 'resume DEST [options]',
  positionals: { least: 1, most: 1, words: 'one dataset: flow-dc resume DEST' },
  async run(flags, io) {
    const dest = flags.positionals[0] as string;
    const file = flags.configFile === undefined ? undefined : await loadConfigFile(flags.configFile);
    // The inputs are the job's, whatever else a file says.
    const { input: _input, ...fromFile } = file?.config ?? {};
    const given = { ...fromFile, ...flags.config };
    const { store } = resolveConfig({ ...given, output: dest }, 'download');
    const job = await viewJob(dest, store);
    try {
      return await resumeDownload(job, given, io);
    } finally {
      await job.close();
    }
  },
});
