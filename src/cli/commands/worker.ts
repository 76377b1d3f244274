/** Worker: the working half of jobs that were submitted elsewhere. */
import { endProcessAfter, systemClock } from '../../clock.ts';
import { lastMoment } from '../../cluster/last-moment.ts';
import { reachCluster } from '../../cluster/reach-cluster.ts';
import { serveJobs } from '../../cluster/serve-jobs.ts';
import { watchServer } from '../../cluster/server-over.ts';
import type { WatchedWork } from '../../cluster/work-on-job.ts';
import { combineConfig } from '../../config/combine.ts';
import { loadConfigFile } from '../../config/load.ts';
import { resolveConfig } from '../../config/resolve.ts';
import { CONFIG_KEYS } from '../../config/schema.ts';
import type { Config, ResolvedConfig } from '../../config/types.ts';
import { STDOUT_NAME } from '../../destination/stream-destination.ts';
import { FlowDcError, isFlowDcError } from '../../errors.ts';
import type { LiveRun } from '../../serve/live-run.ts';
import type { ClusterChannel } from '../../transport/cluster.ts';
import { defineCommand } from '../args/define-command.ts';
import { commandsOfKey } from '../args/flag-table.ts';
import { openLog, openTrace } from '../terminal/log.ts';
import { type CliIo, EXIT } from '../terminal/process.ts';
import { speakAs } from '../terminal/voice.ts';
import { openLiveRun, withLive } from '../terminal/with-live.ts';
import { openWorkerLog } from '../terminal/worker-log.ts';

/** Connections to what is dead may keep the process when it has ended. */
const HANDLES_MS = 500;

/** `worker`: take units, fetch their rows, write their shards. */
export const workerCommand = defineCommand({
  name: 'worker',
  summary:
    'Work on submitted jobs: take units, fetch their rows, write their shards. Join and leave at any time; ' +
    'SIGTERM finishes what is open and exits 0.',
  usage: 'worker URL | HOST PORT | --join FILE [--job ID] [--out DIR] [options]',
  async run(flags, io) {
    const file = flags.configFile === undefined ? undefined : await loadConfigFile(flags.configFile);
    const told = { ...flags.config, ...serversOf(flags.positionals, flags.config) };
    const { config } = combineConfig({
      file: file && { ...file, config: { ...ownKeys(file.config), output: undefined } },
      flags: told,
      environment: io.env,
    });
    return runWorker(config, io);
  },
});

async function runWorker(config: Config, given: CliIo): Promise<number> {
  const resolved = resolveConfig(config, 'worker');
  const io = speakAs(resolved.run, given);
  refuseStdout(config);
  const live = await openLiveRun('worker', resolved, config.output);
  // Somebody may tell all workers of a job to end.
  const told = new AbortController();
  const toldIo = { ...io, signal: AbortSignal.any([io.signal, told.signal]) };
  return withLive(live, toldIo, (liveIo) => workLive(config, resolved, liveIo, { live, told }));
}

/** Errors: FDC_ERR_USAGE. */
function refuseStdout(config: Config): void {
  if (config.output === STDOUT_NAME)
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      'worker: a tar on stdout (-o -) is made by one download alone: leave -o out, or name a folder',
    );
}

async function workLive(
  config: Config,
  resolved: ResolvedConfig,
  io: CliIo,
  { live, told }: { readonly live: LiveRun | undefined; readonly told: AbortController },
): Promise<number> {
  const { cluster: settings, run } = resolved;
  const log = await openLog(run);
  const trace = await openTrace(run.tracePaarc);
  const lines = openWorkerLog(io.stderr, (text) => live?.live.book.note(text));
  let isConnected = false;
  const onDrain = (): void =>
    lines.say(
      isConnected
        ? `draining: finishing open units, at most ${run.drainMs / 1000} s; another signal ends at once`
        : 'leaving: no server was there yet',
    );
  io.signal.addEventListener('abort', onDrain, { once: true });
  const over = watchServer(settings.joinFile, systemClock);
  over.signal.addEventListener('abort', () => lines.say('the server and its worker.json are gone: leaving'));
  const last = lastMoment(io.signal, run.drainMs, systemClock);
  const serve = async (): Promise<void> => {
    const { cluster, job } = await reachCluster(settings, {
      ...{ role: 'worker', env: io.env, signal: io.signal },
      onWait: (text) => lines.say(text),
    });
    isConnected = true;
    try {
      lines.say(`connected to ${cluster.server.url} (nats-server ${cluster.server.version})`);
      for (const notice of cluster.server.notices) lines.say(`warning: ${notice}`);
      const { output, ...keys } = ownKeys(config);
      const own = { ...endpointOf(io.env), ...keys };
      await serveJobs(cluster, {
        own,
        idleTimeoutMs: settings.idleTimeoutMs,
        onEvent: (event) => {
          lines.event(event);
          log.info({ ...event, error: 'error' in event ? event.error.message : undefined }, event.kind);
        },
        drain: AbortSignal.any([io.signal, over.signal]),
        // What is open cannot be committed any more.
        abort: AbortSignal.any([...(io.abort === undefined ? [] : [io.abort]), over.signal, last.signal]),
        onForce: live && ((force, channel) => showWork(live, force, channel)),
        onTold: () => told.abort(new Error('all workers of the job were told to end')),
        out: output,
        job,
      });
    } finally {
      await cluster[Symbol.asyncDispose]();
    }
  };
  try {
    await last.within(serve());
    return EXIT.done;
  } catch (error) {
    if (over.signal.aborted) return EXIT.done;
    // Told to stop while it waited for the server, or while that went away: its units go to others.
    if (io.signal.aborted && io.abort?.aborted !== true && isOfServer(error)) return EXIT.done;
    log.failed(error);
    throw error;
  } finally {
    io.signal.removeEventListener('abort', onDrain);
    if (last.signal.aborted) lines.say('something does not answer: left to itself, its units go to others');
    if (io.signal.aborted) endProcessAfter(HANDLES_MS);
    last.release();
    over.release();
    lines.close();
    await Promise.all([log.close(), trace.close()]);
  }
}

/** @returns called when the worker leaves the job */
function showWork(live: LiveRun, force: WatchedWork, { id }: ClusterChannel): () => void {
  live.live.book.joined(id);
  live.live.book.begin(undefined, 0);
  return live.attach(force);
}

function isOfServer(error: unknown): boolean {
  return !isFlowDcError(error) || /^FDC_ERR_(TRANSPORT_|INTERRUPTED$)/.test(error.code);
}

/** `nats://host:4222`, or a host and a port as with TaskVine. Errors: FDC_ERR_USAGE. */
function serversOf(positionals: readonly string[], { nats, join }: Config): Pick<Config, 'nats'> {
  const [host, port, ...rest] = positionals;
  if (host === undefined) return {};
  const isPort = port === undefined || /^\d{1,5}$/.test(port);
  if (!isPort || rest.length > 0 || nats !== undefined || join !== undefined)
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      'worker takes one server: flow-dc worker nats://HOST:4222, flow-dc worker HOST PORT, or --join FILE',
    );
  return { nats: [port === undefined ? host : `nats://${host.includes(':') ? `[${host}]` : host}:${port}`] };
}

/** The way to a store from this machine wins over the submitter's. */
function endpointOf({ AWS_ENDPOINT_URL_S3: own, AWS_ENDPOINT_URL: any }: CliIo['env']): Pick<Config, 's3_endpoint'> {
  const endpoint = own || any;
  return endpoint ? { s3_endpoint: endpoint } : {};
}

/** Of a file written for the submitter, what a worker may decide for itself; of its own flags, all. */
function ownKeys(config: Config): Config {
  const own = Object.entries(config).filter(([key]) => {
    const schema = CONFIG_KEYS.get(key);
    return schema !== undefined && (key === 'hosts' || commandsOfKey(schema).includes('worker'));
  });
  return Object.fromEntries(own) as Config;
}
