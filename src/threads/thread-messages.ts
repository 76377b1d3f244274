/** What a work thread is started with, and what it and the process say to each other. */
import type { ResolvedConfig } from '../config/types.ts';
import type { FromDesk, ToDesk } from '../host-budget/threads/desk-line.ts';
import type { GateTableSize } from '../host-budget/threads/gate-table.ts';
import type { HostOrder } from '../host-limits.ts';
import type { HostLoad } from '../stages/fetch/result-stream.ts';
import type { KeptUnitsOptions } from '../stages/fetch/settings.ts';
import type { ChannelName, ChannelPayloads } from '../telemetry/channels.ts';
import type { FromChannel, SentError, ToChannel } from '../transport/threads/messages.ts';

export interface WorkThreadData {
  /** With this thread's share of everything that is counted for the process. */
  readonly config: ResolvedConfig;
  /** Absolute; `none:` to keep nothing. */
  readonly output: string;
  readonly spillFolder: string;
  /** Set for a worker whose program uploads from a folder of its own. */
  readonly ownFolder: string | undefined;
  readonly kept: KeptUnitsOptions | undefined;
  readonly openFiles: number | undefined;
  /** Who commits, for records. */
  readonly worker: string;
  /** 1 and up: 0 is the process's own. */
  readonly thread: number;
  /** What the process is to be told of what happens. */
  readonly told: readonly ChannelName[];
  /** Where the process sees which row the thread is on. */
  readonly pulse: SharedArrayBuffer;
  readonly gates: { readonly size: GateTableSize; readonly buffer: SharedArrayBuffer };
}

/** One diagnostics message of the thread, to be published in the process as well. */
export type Told = {
  readonly [Name in ChannelName]: { readonly name: Name; readonly payload: ChannelPayloads[Name] };
}[ChannelName];

/** What a thread's fetch stage is doing. */
export interface ThreadReport {
  readonly queued: number;
  readonly hosts: readonly HostLoad[];
  /** Units that it has taken and not begun. */
  readonly spareUnits: number;
  /** Time in which its sink held it back, ms. */
  readonly heldMs: number;
  readonly bodyBytesHeld: number;
}

export type FromThread =
  | { readonly to: 'channel'; readonly message: ToChannel }
  | { readonly to: 'desk'; readonly message: ToDesk }
  | { readonly to: 'telemetry'; readonly told: readonly Told[] }
  | { readonly to: 'crew'; readonly report: ThreadReport }
  /** The last message: all work is done, or this is why it is not. */
  | { readonly to: 'end'; readonly error: SentError | undefined };

/**
 * What a thread is told to do: take nothing more and put aside what is open, or finish it; stop at once; keep to another
 * share of the memory for bodies; leave units that it has not begun to others; send nothing, or go on; what somebody says
 * of a host.
 */
export type Order =
  | { readonly kind: 'drain' | 'finish' | 'stop' }
  | { readonly kind: 'body-memory'; readonly bodyMemoryBytes: number }
  | { readonly kind: 'pass-on'; readonly units: number }
  | { readonly kind: 'pause'; readonly isPaused: boolean }
  | { readonly kind: 'host'; readonly order: HostOrder };

export type ToThread =
  | { readonly from: 'channel'; readonly message: FromChannel }
  | { readonly from: 'desk'; readonly message: FromDesk }
  | { readonly from: 'crew'; readonly order: Order };
