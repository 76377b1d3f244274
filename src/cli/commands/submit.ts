/** Submit: the planning half of a job whose rows are fetched by workers. */

import { findServerBinary, type OwnServer } from '../../cluster/own-server.ts';
import { submitJob } from '../../cluster/submit-job.ts';
import type { SubmitSummary } from '../../cluster/submit-terms.ts';
import { resolveConfig } from '../../config/resolve.ts';
import type { Config, ResolvedConfig } from '../../config/types.ts';
import { STDOUT_NAME } from '../../destination/stream-destination.ts';
import { hasOwnFolders } from '../../destination/tool/folder-of.ts';
import { FlowDcError, isFlowDcError } from '../../errors.ts';
import { count, settledText } from '../../format.ts';
import type { JobSummary } from '../../job/job-summary.ts';
import { countUnits } from '../../run/count-units.ts';
import { expectedRows } from '../../run/manifest-rows.ts';
import { openJobInput } from '../../run/open-job-input.ts';
import type { LiveJob } from '../../serve/live-job.ts';
import { commandConfig, keptSettings, requireManifest } from '../args/command-config.ts';
import { defineCommand } from '../args/define-command.ts';
import { noteBottleneck } from '../terminal/bottleneck-lines.ts';
import { crewLine } from '../terminal/crew-lines.ts';
import { withEndHooks } from '../terminal/end-hooks.ts';
import { openLog } from '../terminal/log.ts';
import { planLines } from '../terminal/plan-lines.ts';
import { type CliIo, EXIT, exitCodeOfSummary, writeLines } from '../terminal/process.ts';
import { createProgress } from '../terminal/progress.ts';
import { noteServer, preflightLines, summaryLines, uploadLines } from '../terminal/run-lines.ts';
import { endHooks } from '../terminal/tell-end.ts';
import { speakAs, writeResult } from '../terminal/voice.ts';
import { alsoLive, openLiveJob, stateFolderOf, withLive } from '../terminal/with-live.ts';
import { type Leaving, SubmitServer } from './submit-server.ts';

/** `submit`: hand a manifest to workers and follow them. */
export const submitCommand = defineCommand({
  name: 'submit',
  summary:
    'Hand a manifest to workers on any number of machines and follow them to the finished dataset. Ctrl-C ' +
    'leaves; the same command comes back.',
  usage: 'submit MANIFEST... -o DEST [--nats URL] [--job ID] [options]',
  async run(flags, io) {
    const { config, notices } = await commandConfig(flags, io);
    return runSubmit(config, io, notices);
  },
});

async function runSubmit(config: Config, given: CliIo, notices: readonly string[]): Promise<number> {
  const resolved = resolveConfig(config, 'submit');
  const io = speakAs(resolved.run, given);
  requireManifest('submit', resolved, io);
  requireFolder(resolved);
  writeLines(io.stderr, notices);
  if (resolved.run.dryRun) {
    writeResult(io.stderr, await dryRunLines(resolved, io));
    return EXIT.done;
  }
  // Found out before anything is written.
  if (resolved.cluster.servers.length === 0) findServerBinary(io.env);
  const hooks = endHooks(resolved.run.onEnd, io.env, resolved.fetch);
  return withEndHooks('submit', hooks, resolved.sink.output ?? '', io, async (told) => {
    const live = await openLiveJob('submit', resolved.run.serve, resolved.sink.output);
    return withLive(live, io, (liveIo) => follow(config, resolved, liveIo, { live, told }));
  });
}

interface Watchers {
  readonly live: LiveJob | undefined;
  readonly told: (summary: JobSummary) => void;
}

async function follow(config: Config, resolved: ResolvedConfig, io: CliIo, { live, told }: Watchers): Promise<number> {
  const log = await openLog(resolved.run);
  const progress = alsoLive(createProgress(resolved.run, io.stderr), live);
  const server = new SubmitServer(resolved.cluster, io, (text) => progress.note(text));
  const stopNoting = [
    noteServer((text) => progress.note(text)),
    noteBottleneck(progress.note, 'start the workers again with'),
  ];
  let leaving: Leaving | undefined;
  let join = '';
  try {
    const summary = await submitJob(resolved, {
      settings: keptSettings(config),
      stdin: io.stdin,
      detach: io.signal,
      connect: (paths, job) => server.connect(paths, job),
      onStart: async (manifest, jobNotices) => {
        const lines = [...(await preflightLines(resolved, manifest)), ...jobNotices, ...workerNotices(resolved)];
        lines.push(...((await live?.live.keepKey(stateFolderOf(resolved))) ?? []));
        for (const line of lines) progress.note(line);
        progress.expect(expectedRows(manifest, resolved), 0);
        log.info({ inputs: manifest.files, roles: manifest.roles, output: resolved.sink.output }, 'start');
      },
      onOpen: ({ job, server: { version, url, notices: remarks }, joined, before }) => {
        progress.note(
          `job ${job} on ${url} (nats-server ${version})${joined ? ': back at a job that is under way' : ''}`,
        );
        for (const remark of remarks) progress.note(`warning: ${remark}`);
        if (before.rows > 0) progress.note(settledText(before));
        join = server.joinCommand(url);
        progress.note(`workers join with: ${join}`);
        log.info({ job, server: url, version, joined }, 'job open');
      },
      onPublished: (units) => {
        progress.note(`all ${count(units)} units are published`);
        log.info({ units }, 'published');
      },
      onChannel: live && ((channel) => live.attach(channel)),
      onRecord: (record) => {
        progress.addUnit(record);
        live?.record(record);
      },
      onNotice: (notice) => progress.note(notice),
      onCrew: (event) => progress.note(crewLine(event, join)),
      onWork: (work) => progress.work(work),
    });
    progress.close();
    log.info({ summary }, 'end');
    told(summary);
    leaving = summary.complete ? 'over' : 'goes on';
    return report(summary, resolved, io, server.own);
  } catch (error) {
    progress.close();
    log.failed(error);
    // A job that goes on keeps its server, whatever is said about it.
    leaving ??= isFlowDcError(error) && error.code === 'FDC_ERR_JOB_CANCELLED' ? 'over' : 'failed';
    if (io.signal.aborted && (!isFlowDcError(error) || error === io.signal.reason))
      throw new FlowDcError('FDC_ERR_INTERRUPTED', 'interrupted before the job was open; the same command goes on', {
        cause: error,
      });
    throw error;
  } finally {
    await server.leave(leaving ?? 'failed');
    for (const stop of stopNoting) stop();
    await log.close();
  }
}

/**
 * What somebody who starts workers has to see to. Headers are often credentials, so they are not written down where
 * every worker could read them.
 */
function workerNotices({ fetch, sink }: ResolvedConfig): string[] {
  const has = fetch.headers.length > 0 || Object.values(fetch.hosts).some((rule) => (rule.headers ?? []).length > 0);
  const headers = 'headers stay on this machine: give every worker its own --header (or --config file with hosts)';
  const why = sink.createTar ? 'cloud_put_command cannot rename what it uploaded' : 'loose files are uploaded together';
  const shared = `${why}: every worker must see ${sink.output}`;
  const isShared = sink.cloudDestination !== undefined && !hasOwnFolders({ sink });
  return [...(has ? [headers] : []), ...(isShared ? [shared] : [])];
}

function report(summary: SubmitSummary, { run, store }: ResolvedConfig, io: CliIo, own: OwnServer | undefined): number {
  const lines = summaryLines(summary, store);
  // A job that goes on elsewhere is not to be resumed here.
  writeResult(io.stderr, summary.complete ? lines : lines.filter((text) => !text.startsWith('next: ')));
  if (run.json) writeLines(io.stdout, [JSON.stringify(summary)]);
  if (summary.complete) return exitCodeOfSummary(summary, run.maxFailureRate);
  const rest = summary.published ? '' : ', but the rest of the manifest is published only when you come back';
  const server = own === undefined ? '' : `; nats-server (process ${own.pid}) keeps running`;
  throw new FlowDcError('FDC_ERR_INTERRUPTED', `left job ${summary.job}: its workers go on${rest}`, {
    advice: `${server}; the same command comes back, flow-dc cancel ${summary.job} ends it`,
  });
}

function requireFolder({ sink }: ResolvedConfig): void {
  if (sink.output === STDOUT_NAME)
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      'submit: a tar on stdout (-o -) is made by one download alone: name a folder that every machine sees, ' +
        'or s3://BUCKET/PREFIX',
    );
  if (sink.output === undefined || sink.output === 'none:')
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      'submit: say where the workers write: -o DEST, a folder that every machine sees, or s3://BUCKET/PREFIX',
    );
}

/** What `submit` would publish: units, hosts, sizes, settings. Reads the whole manifest, writes nothing. */
async function dryRunLines(config: ResolvedConfig, io: CliIo): Promise<string[]> {
  const input = await openJobInput({ ...config, sink: { ...config.sink, output: 'none:' } }, io.stdin);
  try {
    const head = await preflightLines(config, input.info);
    const plan = planLines(config, await countUnits(input, io.signal));
    const { servers, portNumber, listen } = config.cluster;
    const server = servers.length > 0 ? servers.join(', ') : `a nats-server of its own on ${listen}:${portNumber}`;
    return [
      ...head,
      ...plan,
      `server: ${server}`,
      ...uploadLines(config, true),
      'dry run: nothing was published, fetched or written',
    ];
  } finally {
    await input.close();
  }
}
