/** What the hub needs of the world around it. */
import type { PaarcSettings, Snapshot, Transition } from '../paarc/index.ts';

/** Everything that the hub needs of the world around it. */
export interface HostHubOptions {
  readonly settings: PaarcSettings;
  readonly random: () => number;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** A name that nobody else has or had. */
  readonly newId: () => string;
  /** A host's key in the bucket. */
  readonly keyOf: (host: string) => string;
  /** What is known of a host from before, when its record knows nothing. */
  readonly snapshotOf?: (host: string) => Snapshot | undefined;
  /** What a leader knows of a host that it gives back. */
  readonly remember?: ((host: string, snapshot: Snapshot) => void) | undefined;
  /** The law has decided something about a host that this worker leads. */
  readonly onTransition?: ((host: string, transition: Transition) => void) | undefined;
  /** Somebody must hear from us sooner than the next tick: call it at once, but not from within this call. */
  readonly onUrgent?: (() => void) | undefined;
}
