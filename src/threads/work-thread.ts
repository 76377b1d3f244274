/** A thread of the working half: takes units of its process's channel, fetches and writes them like any worker. */
import { dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { FinishOpenUnits, openWorkStages, work } from '../chain.ts';
import { sharedClockShiftMs, systemClock } from '../clock.ts';
import { checkedBefore } from '../config/stage-settings.ts';
import type { Destination } from '../destination/destination.ts';
import { parseDestination } from '../destination/destination-name.ts';
import { NoneDestination } from '../destination/none-destination.ts';
import { folderOf, workerUploadsOf } from '../destination/tool/folder-of.ts';
import { DeskLine } from '../host-budget/threads/desk-line.ts';
import { GateTable } from '../host-budget/threads/gate-table.ts';
import { HostProfiles } from '../stages/fetch/schedule/host-profiles.ts';
import { RowPulse } from '../structures/row-pulse.ts';
import { type ChannelName, subscribe } from '../telemetry/channels.ts';
import { packError } from '../transport/threads/messages.ts';
import { ThreadChannel } from '../transport/threads/thread-channel.ts';
import type { FromThread, Order, Told, ToThread, WorkThreadData } from './thread-messages.ts';

/** What happens is told in batches: a message costs as much as a row. */
const TELL_MS = 50;
const REPORT_MS = 250;
const MAX_HOSTS = 20;

const port = parentPort;
if (port === null) throw new Error('expected to run as a worker thread');

function post(message: FromThread, transfer: readonly ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer as ArrayBuffer[]);
}

async function workHere(data: WorkThreadData): Promise<void> {
  const { config, gates, kept, thread, worker } = data;
  const clock = systemClock;
  // Before anything is listened to: what is told until then waits.
  const destination = await openDestination(data);
  const table = new GateTable(gates.size, gates.buffer);
  const toDesk = {
    post: (message: unknown, transfer?: readonly ArrayBuffer[]) =>
      post({ to: 'desk', message } as FromThread, transfer),
  };
  const line = new DeskLine({ port: toDesk, table, thread, clock, shiftMs: sharedClockShiftMs() });
  const channel = new ThreadChannel({
    post: (message, transfer) => post({ to: 'channel', message } as FromThread, transfer),
  });
  const [drain, stop] = [new AbortController(), new AbortController()];
  port?.on('message', (message: ToThread) => {
    if (message.from === 'channel') channel.receive(message.message);
    else if (message.from === 'desk') line.receive(message.message);
    else obey(message.order);
  });
  const obey = (order: Order): void => {
    switch (order.kind) {
      case 'body-memory':
        return stages[0].setBodyMemory(order.bodyMemoryBytes);
      case 'pass-on':
        return stages[0].passOn(order.units);
      case 'pause':
        return stages[0].keepStill(order.isPaused);
      case 'host':
        return stages[0].setHost(order.order);
      case 'finish':
        return drain.abort(new FinishOpenUnits('told to finish'));
      default:
        destination.hurry?.();
        (order.kind === 'drain' ? drain : stop).abort(new Error(`told to ${order.kind}`));
    }
  };
  stop.signal.addEventListener('abort', () => destination.destination.halt?.(stop.signal.reason), { once: true });
  drain.signal.addEventListener(
    'abort',
    () => {
      const { reason } = drain.signal;
      // A worker's unit is given back, and another takes it.
      if (data.ownFolder === undefined && !(reason instanceof FinishOpenUnits))
        destination.destination.windDown?.(reason, config.run.drainMs);
    },
    { once: true },
  );
  const stages = openWorkStages(checkedBefore(config), {
    destination: destination.destination,
    committer: channel,
    clock,
    profiles: new HostProfiles(clock),
    worker,
    hostLimits: line.limits,
    kept,
    openFiles: data.openFiles,
    pulse: new RowPulse(data.pulse),
  });
  const endTelling = tellAll(data.told);
  const report = (): void => {
    const { queued, bodyBytesHeld } = stages[0].stats();
    const { spareUnits } = stages[0];
    const hosts = stages[0].busiestHosts(MAX_HOSTS);
    post({ to: 'crew', report: { queued, hosts, spareUnits, heldMs: stages[1].stats().writeWaitMs, bodyBytesHeld } });
    cancelReport = clock.timer(REPORT_MS, report);
  };
  let cancelReport = clock.timer(REPORT_MS, report);
  try {
    await work(channel, stages, { drain: drain.signal, stop: stop.signal });
  } finally {
    cancelReport();
    for (const stage of stages) stage.destroy();
    channel.close();
    line.flush();
    endTelling();
    await destination.close();
  }
}

interface OpenedDestination {
  readonly destination: Destination;
  /** Its store is not waited for any more. */
  hurry?(): void;
  close(): Promise<void>;
}

async function openDestination({ config, output, spillFolder, ownFolder }: WorkThreadData): Promise<OpenedDestination> {
  const layout = config.sink.createTar ? 'shards' : 'files';
  const close = async (): Promise<void> => {};
  if (ownFolder !== undefined) return { destination: workerUploadsOf(config, ownFolder), close };
  if (output === 'none:') return { destination: new NoneDestination({ spillFolder }), close };
  if (parseDestination(output).kind !== 'store') return { destination: folderOf(config, output), close };
  // Loaded only for a store.
  const { openOutputStore } = await import('../job/store/open-output.ts');
  const { StoreDestination } = await import('../destination/store/store-destination.ts');
  const store = await openOutputStore(output, config);
  const destination = new StoreDestination(store, { layout, localFolder: dirname(spillFolder) });
  await destination.bringRemoved();
  return { destination, hurry: () => store.hurry(), close: () => store.close() };
}

/** What this thread would tell listeners of its own is told the process's. */
function tellAll(names: readonly ChannelName[]): () => void {
  let told: Told[] = [];
  let cancel: (() => void) | undefined;
  const tell = (): void => {
    cancel = undefined;
    post({ to: 'telemetry', told });
    told = [];
  };
  const unsubscribe = names.map((name) =>
    subscribe(name, (payload) => {
      told.push({ name, payload } as Told);
      cancel ??= systemClock.timer(TELL_MS, tell);
    }),
  );
  return () => {
    for (const end of unsubscribe) end();
    cancel?.();
    if (told.length > 0) tell();
  };
}

workHere(workerData as WorkThreadData).then(
  () => end(undefined),
  (error: unknown) => end(error),
);

function end(error: unknown): void {
  post({ to: 'end', error: error === undefined ? undefined : packError(error) });
  port?.close();
}
