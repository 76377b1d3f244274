/**
 * The chain from start to end: the five stages joined to two halves.
 *
 *   plan:  manifest reader -> host partitioner -> publish --.
 *                                                        channel
 *   work:                        sink <- gated fetch <- take --'
 *
 * Both halves run at once. The channel between them is where a job can be split over machines.
 */
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from './clock.ts';
import type { ResolvedConfig } from './config/types.ts';
import type { Destination } from './destination/destination.ts';
import { StreamDestination } from './destination/stream-destination.ts';
import type { HostLimits } from './host-limits.ts';
import { PoisonNotes } from './job/poison-notes.ts';
import { removedUrlsOf } from './job/removed-urls.ts';
import type { Committer } from './record.ts';
import { publishUnits, takeDeliveries } from './stages/distribute/distribute.ts';
import { fetchUnits } from './stages/fetch/fetch-units.ts';
import type { HostProfiles } from './stages/fetch/schedule/host-profiles.ts';
import type { KeptUnitsOptions } from './stages/fetch/settings.ts';
import { type PartitionByHostOptions, partitionByHost } from './stages/partition/partition-by-host.ts';
import { EarlyBytes } from './stages/sink/early-bytes.ts';
import { folderSink } from './stages/sink/folder-sink.ts';
import type { Sink } from './stages/sink/sink.ts';
import { streamSink } from './stages/sink/stream-sink.ts';
import { type DatasetSinkOptions, tarSink } from './stages/sink/tar-sink.ts';
import type { RowPulse } from './structures/row-pulse.ts';
import type { JobChannel } from './transport/transport.ts';

/** The planning half: the manifest's rows are cut into units and published, and the job is sealed with their number. */
export async function plan(
  rows: Readable,
  cutting: PartitionByHostOptions,
  channel: Pick<JobChannel, 'publish' | 'seal'>,
  signal: AbortSignal,
): Promise<void> {
  await pipeline(rows, partitionByHost(cutting), publishUnits(channel, signal), { signal });
}

/** Rows with the way they are cut into units. */
export interface PlannedRows {
  rows(): Readable;
  readonly cutting: PartitionByHostOptions;
}

/**
 * The same of several lots of rows, one after the other: the job is sealed with the units of all of them.
 * @param decided - units besides these that the job has
 */
export async function planInTurn(
  lots: Iterable<PlannedRows>,
  channel: Pick<JobChannel, 'publish' | 'seal'>,
  signal: AbortSignal,
  decided = 0,
): Promise<void> {
  let units = decided;
  const counting = {
    publish: channel.publish.bind(channel),
    seal: async (published: number) => {
      units += published;
    },
  };
  for (const { rows, cutting } of lots) await plan(rows(), cutting, counting, signal);
  await channel.seal(units);
}

/** Reason of a drain after which open units are finished, also where they could be put aside. */
export class FinishOpenUnits extends Error {}

/**
 * The working half: units are taken, their rows fetched and written, and what is written is committed. After `drain`
 * no unit is taken; the open ones are put aside where the surroundings have a place for that, unless its reason is a
 * FinishOpenUnits, or finished.
 */
export async function work(
  channel: Pick<JobChannel, 'next'>,
  [fetch, sink]: WorkStages,
  { drain, stop }: { readonly drain: AbortSignal; readonly stop: AbortSignal },
): Promise<void> {
  const windDown = (): void => {
    if (!(drain.reason instanceof FinishOpenUnits)) fetch.windDown();
  };
  drain.addEventListener('abort', windDown, { once: true });
  try {
    await pipeline(takeDeliveries(channel, { drain, signal: stop }), fetch, sink, { signal: stop });
  } finally {
    drain.removeEventListener('abort', windDown);
  }
}

/** What the working half stands on. */
export interface WorkSurroundings {
  readonly destination: Destination;
  readonly committer: Committer;
  readonly clock: Clock;
  readonly profiles: HostProfiles;
  /** Who commits, for records. */
  readonly worker?: string | undefined;
  /** Limits that are shared with other machines, in place of this process's own. */
  readonly hostLimits?: HostLimits | undefined;
  /** Where units that are half done when it drains are put aside; without it they are finished. */
  readonly kept?: KeptUnitsOptions | undefined;
  /** This half's share of the files and sockets that the process may have open. */
  readonly openFiles?: number | undefined;
  /** Where others see which row's bytes this thread looks at. */
  readonly pulse?: RowPulse | undefined;
  /** Told in place of the channel `flow-dc:network`, for those who work together and speak with one voice. */
  readonly onNetwork?: ((isHeld: boolean) => void) | undefined;
}

/** Fetch and sink, not yet joined. */
export type WorkStages = readonly [fetch: ReturnType<typeof fetchUnits>, sink: Sink];

/** Build fetch and sink. Errors: FDC_ERR_CONFIG_INVALID. */
export function openWorkStages({ fetch, paarc, sink, store }: ResolvedConfig, around: WorkSurroundings): WorkStages {
  const { destination, committer, clock, profiles, worker, hostLimits, openFiles, onNetwork, kept, pulse } = around;
  const fetching = fetchUnits({
    ...fetch,
    hostLimits,
    openFiles,
    onNetwork,
    kept,
    paarc,
    clock,
    hostProfiles: profiles,
    spillFolder: destination.spillFolder,
    poison: new PoisonNotes(destination.poisonFolder),
    removed: removedUrlsOf(destination),
    pulse,
    bodyRelease: 'by-sink',
    store,
  });
  const early = new EarlyBytes(() => fetching.roomBehind);
  fetching.onShortOfRoom(() => early.relieve());
  const { maxUnitErrors } = fetch;
  const keepsUnfinished = kept !== undefined;
  return [
    fetching,
    openSink(destination, { ...sink, committer, clock, worker, keepsUnfinished, early, maxUnitErrors }),
  ];
}

function openSink(destination: Destination, options: DatasetSinkOptions & { readonly createTar: boolean }): Sink {
  if (destination instanceof StreamDestination) return streamSink(destination, options);
  return options.createTar ? tarSink(destination, options) : folderSink(destination, options);
}
