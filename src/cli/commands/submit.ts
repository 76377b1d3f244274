/** Submit: hand a manifest to workers and follow them. */
import { systemClock } from '../../clock.ts';
import { findServerBinary, type OwnServer, ServerKeeper, startOwnServer } from '../../cluster/own-server.ts';
import { reachCluster } from '../../cluster/reach-cluster.ts';
import { type SubmitConnection, type SubmitSummary, submitJob } from '../../cluster/submit-job.ts';
import { resolveConfig } from '../../config/resolve.ts';
import type { Config, ResolvedConfig } from '../../config/types.ts';
import type { FolderPaths } from '../../destination/folder-layout.ts';
import { FlowDcError, isFlowDcError } from '../../errors.ts';
import { count } from '../../format.ts';
import { shellQuoted } from '../../report/head-lines.ts';
import type { CliIo, Command } from '../args/command.ts';
import { commandConfig } from '../args/command-config.ts';
import { parseFlags } from '../args/flags.ts';
import { helpFor } from '../args/help.ts';
import { keptSettings } from '../args/kept-settings.ts';
import { EXIT, exitCodeOfSummary } from '../terminal/exit-codes.ts';
import { openLog } from '../terminal/log.ts';
import { preflightLines, rowsToCome } from '../terminal/preflight.ts';
import { createProgress } from '../terminal/reporter.ts';
import { summaryLines } from '../terminal/run-summary.ts';
import { noteServer } from '../terminal/server-notes.ts';
import { dryRunLines } from './dry-run.ts';

/** `submit`: the planning half of a job whose rows are fetched by workers. */
export const submitCommand: Command = {
  name: 'submit',
  summary:
    'Hand a manifest to workers on any number of machines and follow them to the finished dataset. Ctrl-C ' +
    'leaves; the same command comes back.',
  usage: 'submit MANIFEST... -o DEST [--nats URL] [--job ID] [options]',
  async run(argv, io) {
    const flags = parseFlags(argv, { command: 'submit' });
    if (flags.help) {
      io.stdout.write(helpFor(submitCommand));
      return EXIT.done;
    }
    const { config, notices } = await commandConfig(flags, io);
    return runSubmit(config, io, notices);
  },
};

async function runSubmit(config: Config, io: CliIo, notices: readonly string[]): Promise<number> {
  const resolved = resolveConfig(config, 'submit');
  requireEnds(resolved, config);
  for (const notice of notices) io.stderr.write(`${notice}\n`);
  if (resolved.run.dryRun) {
    for (const line of await dryRunLines(resolved, io)) io.stderr.write(`${line}\n`);
    return EXIT.done;
  }
  // Found out before anything is written.
  if (resolved.cluster.servers.length === 0) findServerBinary(io.env);
  const log = openLog(resolved.run);
  const progress = createProgress(resolved.run.progress, io.stderr);
  const server = new OwnServerHolder();
  const stopNoting = noteServer((text) => progress.note(text));
  try {
    const summary = await submitJob(resolved, {
      settings: { ...keptSettings(config) },
      ...(io.stdin === undefined ? {} : { stdin: io.stdin }),
      detach: io.signal,
      connect: (paths, job) => connect(resolved, io, server, [paths, job], (text) => progress.note(text)),
      onStart: async (manifest, jobNotices) => {
        for (const line of [...(await preflightLines(resolved, manifest)), ...jobNotices, ...headerNotice(resolved)])
          progress.note(line);
        progress.expect(rowsToCome(manifest, resolved), 0);
        log.info({ inputs: manifest.files, roles: manifest.roles, output: resolved.sink.output }, 'start');
      },
      onOpen: ({ job, server: { version, url, notices: remarks }, joined, before }) => {
        progress.note(
          `job ${job} on ${url} (nats-server ${version})${joined ? ': back at a job that is under way' : ''}`,
        );
        for (const remark of remarks) progress.note(`warning: ${remark}`);
        if (before.rows > 0)
          progress.note(`${count(before.rows)} rows in ${count(before.units)} shards are settled already`);
        progress.note(`workers join with: ${joinCommand(server.current, url)}`);
        log.info({ job, server: url, version, joined }, 'job open');
      },
      onPublished: (units) => {
        progress.note(`all ${count(units)} units are published`);
        log.info({ units }, 'published');
      },
      onRecord: (record) => progress.addUnit(record),
      onNotice: (notice) => progress.note(notice),
    });
    progress.close();
    log.info({ summary }, 'end');
    await server.leave(summary.complete ? 'over' : 'goes on');
    return report(summary, resolved, io, server.current);
  } catch (error) {
    progress.close();
    log.error({ err: { code: (error as { code?: string }).code, message: (error as Error).message } }, 'failed');
    await server.leave(isFlowDcError(error) && error.code === 'FDC_ERR_JOB_CANCELLED' ? 'over' : 'failed');
    if (io.signal.aborted && !isFlowDcError(error))
      throw new FlowDcError('FDC_ERR_INTERRUPTED', 'interrupted before the job was open; the same command goes on', {
        cause: error,
      });
    throw error;
  } finally {
    stopNoting();
    await log.close();
  }
}

/** The server that this submit started or found, if it needed one. */
class OwnServerHolder {
  keeper: ServerKeeper | undefined;

  get current(): OwnServer | undefined {
    return this.keeper?.server;
  }

  async leave(job: 'over' | 'goes on' | 'failed'): Promise<void> {
    const found = this.keeper?.wasFound;
    const server = await this.keeper?.stop();
    if (job === 'over') await server?.remove();
    // One that was found running has workers that know nothing of our failure.
    else if (job === 'failed' && found === false) await server?.end();
  }
}

async function connect(
  { cluster: settings }: ResolvedConfig,
  io: CliIo,
  holder: OwnServerHolder,
  [paths, job]: readonly [FolderPaths, string],
  note: (text: string) => void,
): Promise<SubmitConnection> {
  if (settings.servers.length > 0) {
    const { cluster } = await reachCluster(settings, { role: 'submit', env: io.env, signal: io.signal });
    return { cluster, servers: [cluster.server.url], own: false };
  }
  const { listen, portNumber: port } = settings;
  const options = { listen, port, job, env: io.env, clock: systemClock };
  const own = await startOwnServer(paths, options);
  holder.keeper = new ServerKeeper(paths, options, own, note);
  io.stderr.write(
    `${own.found ? 'found the' : 'started a'} nats-server (process ${own.pid}) on ${own.server}; its token is ` +
      `in ${own.joinFile}\n`,
  );
  if (!isLoopback(listen)) {
    io.stderr.write(
      `warning: the token and all rows cross the network of ${listen} unencrypted; use a server with TLS ` +
        `(--nats tls://...) where others listen\n`,
    );
  }
  const { cluster } = await reachCluster(settings, { role: 'submit', env: io.env, signal: io.signal, own });
  return { cluster, servers: [`nats://${own.server}`], own: true };
}

function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || address.startsWith('127.');
}

function joinCommand(own: OwnServer | undefined, url: string): string {
  return own === undefined ? `flow-dc worker ${url}` : `flow-dc worker --join ${shellQuoted(own.joinFile)}`;
}

/** Headers are often credentials, so they are not written down where every worker could read them. */
function headerNotice({ fetch }: ResolvedConfig): string[] {
  const has = fetch.headers.length > 0 || Object.values(fetch.hosts).some((rule) => (rule.headers ?? []).length > 0);
  return has ? ['headers stay on this machine: give every worker its own --header (or --config file with hosts)'] : [];
}

function report(summary: SubmitSummary, { run }: ResolvedConfig, io: CliIo, own: OwnServer | undefined): number {
  const lines = summaryLines(summary);
  // A job that goes on elsewhere is not to be resumed here.
  for (const line of summary.complete ? lines : lines.filter((text) => !text.startsWith('next: ')))
    io.stderr.write(`${line}\n`);
  if (run.json) io.stdout.write(`${JSON.stringify(summary)}\n`);
  if (summary.complete) return exitCodeOfSummary(summary, run.maxFailureRate);
  const rest = summary.published ? '' : ', but the rest of the manifest is published only when you come back';
  const server = own === undefined ? '' : `; nats-server (process ${own.pid}) keeps running`;
  throw new FlowDcError(
    'FDC_ERR_INTERRUPTED',
    `left job ${summary.job}: its workers go on${rest}${server}; the same command comes back, flow-dc cancel ` +
      `${summary.job} ends it`,
  );
}

function requireEnds({ manifest, sink }: ResolvedConfig, { cloud_destination: cloud }: Config): void {
  if (manifest.inputs.length === 0)
    throw new FlowDcError('FDC_ERR_USAGE', 'submit: name a manifest, or - for stdin: flow-dc submit MANIFEST -o DEST');
  if (sink.output === undefined && cloud !== undefined)
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      'submit: workers do not upload to cloud_destination; say where they write with -o DEST, a folder that ' +
        'every machine sees, and copy it afterwards',
    );
  if (sink.output === undefined || sink.output === '-' || sink.output === 'none:')
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      'submit: say where the workers write: -o DEST, a folder that every machine sees',
    );
}
