/** Serve: a page of a run that goes on elsewhere, or is over. */
import { sleep, systemClock } from '../../clock.ts';
import { resolveConfig } from '../../config/resolve.ts';
import { FlowDcError } from '../../errors.ts';
import { viewJob } from '../../job/view/view-job.ts';
import type { LiveJob } from '../../serve/live-job.ts';
import type { ClusterChannel } from '../../transport/cluster.ts';
import { defineCommand } from '../args/define-command.ts';
import { lastJob, requireServer, withJob } from '../args/with-job.ts';
import { type CliIo, EXIT, writeLines } from '../terminal/process.ts';
import { openLiveJob } from '../terminal/with-live.ts';

const STATE_MS = 1000;

/** `serve`: look at a dataset or a job in a browser. */
export const serveCommand = defineCommand({
  name: 'serve',
  summary:
    'Show a dataset, or a job on a NATS server, in a browser: while it is being made, and afterwards. Ctrl-C ends the ' +
    'page and nothing else.',
  usage: 'serve DEST | --nats URL [--job ID] [--serve ADDR:PORT]',
  async run(flags, io) {
    const { positionals, config } = flags;
    const { serve: address = 'auto' } = config;
    const [dest] = positionals;
    const isOfServer = config.nats !== undefined || config.join !== undefined;
    if (positionals.length > 1 || (dest !== undefined && isOfServer))
      throw new FlowDcError('FDC_ERR_USAGE', 'serve takes one dataset, or a server: flow-dc serve DEST | --nats URL');
    if (dest === undefined)
      requireServer('serve', flags, io, 'name a dataset (flow-dc serve DEST), or a server (flow-dc serve --nats URL)');
    if (dest === undefined) await withJob('serve', flags, io, (channel) => serveJob(address, channel, io), lastJob);
    else await serveAt(dest, address, config, io);
    return EXIT.done;
  },
});

async function serveAt(dest: string, address: string, config: Parameters<typeof resolveConfig>[0], io: CliIo) {
  const { serveDataset } = await import('../../serve/live-dataset.ts');
  const view = await viewJob(dest, resolveConfig(config, 'serve').store);
  try {
    await kept(serveDataset(address, view, io.signal, (lines) => writeLines(io.stderr, lines)));
  } finally {
    await view.close();
  }
}

async function serveJob(address: string, channel: ClusterChannel, io: CliIo): Promise<void> {
  const page = (await openLiveJob('job', address, channel.description.out)) as LiveJob;
  const { live } = page;
  writeLines(io.stderr, live.lines);
  const left = page.attach(channel);
  live.book.since(channel.description.createdAtMs);
  live.book.begin(undefined, 0);
  try {
    await kept(followJob(page, channel, io.signal));
  } finally {
    left();
    live.close('The page has ended.', 'stopped');
  }
}

/** What has ended stays to be seen. */
async function followJob(page: LiveJob, channel: ClusterChannel, signal: AbortSignal): Promise<void> {
  const { live } = page;
  for await (const unit of channel.follow(signal)) page.record(unit);
  while (!signal.aborted) {
    const { state } = await channel.status();
    if (state === 'cancelled') live.book.end('Cancelled.', 'stopped');
    if (state === 'sealed') live.book.end('All units are done.', 'done');
    await sleep(systemClock, STATE_MS, signal).catch(() => {});
  }
}

/** A page by itself keeps nothing alive: here somebody wants it to stay. */
async function kept<T>(work: Promise<T>): Promise<T> {
  let cancel = (): void => {};
  const again = (): void => {
    cancel = systemClock.timer(60_000, again);
  };
  again();
  return work.finally(() => cancel());
}
