/**
 * Everything that can be watched from outside, as node:diagnostics_channel names with their payloads. Part of the
 * public API: names and fields change only with a major version. Publishing costs nothing while nobody listens.
 */
import { type Channel, channel } from 'node:diagnostics_channel';
import type { HostRule } from '../config/types.ts';
import type { Transition } from '../paarc/limit.ts';
import type { UnitId, UnitRecord } from '../record.ts';
import type { RowCode } from '../row-codes.ts';

/** A host that is all that is left of a run's rows, or nearly, and keeps it from its end. */
export interface Bottleneck {
  readonly host: string;
  /** For how long it has been that. */
  readonly heldMs: number;
  /** Rows that wait for it. */
  readonly waiting: number;
  readonly inFlight: number;
  /** Of its requests, when none succeeded lately. */
  readonly code?: string | undefined;
  /** Until it may be sent to again; absent where it may now, or where that is not known. */
  readonly pausedMs?: number | undefined;
  /** By its limit; absent for any number, or where that is not known. */
  readonly allowedPerSecond?: number | undefined;
  /** Requests that ended, since it is that. */
  readonly requestsPerSecond: number;
  /** Requests at once that its limit allows. */
  readonly limit: number;
  /** What its limit is doing, in its controller's words; `paused` while nothing may be sent. */
  readonly state: string;
}

export interface ChannelPayloads {
  /** One request ended; `code` is absent for a success or a redirect. Times in ms. */
  'flow-dc:attempt': {
    readonly host: string;
    readonly code?: RowCode | undefined;
    readonly headersMs: number;
    readonly serviceMs: number;
    readonly bytes: number;
  };
  /** A row has its result. `code` is absent for a fetched one. */
  'flow-dc:row': {
    readonly host: string;
    readonly status: 'fetched' | 'failed' | 'skipped';
    readonly code?: RowCode | undefined;
    readonly bytes: number;
  };
  /** A row was not stored; `url` is as in the manifest, secrets and all. */
  'flow-dc:missed': { readonly code: RowCode; readonly url: string };
  /** A stored body, one now and then. */
  'flow-dc:picture': { readonly bytes: Uint8Array };
  /** A host's limit decided something. */
  'flow-dc:limit': { readonly host: string; readonly atMs: number; readonly transition: Transition };
  /** Every host fails before a connection: rows are held (true) or go on (false). */
  'flow-dc:network': { readonly isHeld: boolean };
  /** This machine is short of open files, memory or ports: fewer requests at once until it is not; no row is lost. */
  'flow-dc:shortage': { readonly message: string };
  /**
   * More of a text manifest was read: rows so far, and how many bytes of how many they took. Told as batches come, and
   * again by each reader of it. `mostRows`: no more are read, whatever there is. `isEnd`: of any manifest, when its
   * reader is through: there are as many rows as were read, and both byte counts are the same.
   */
  'flow-dc:reading': {
    readonly rows: number;
    readonly bytes: number;
    readonly ofBytes: number;
    readonly mostRows: number;
    readonly isEnd?: true | undefined;
  };
  /** A web server that has a manifest keeps us waiting: said once of each time, with what is waited for. */
  'flow-dc:waiting': { readonly message: string };
  /**
   * The server of a job on several machines: reached, gone, or there without an answer of JetStream for half a minute.
   */
  'flow-dc:server': { readonly state: 'up' | 'away' | 'silent'; readonly server: string };
  /** Something on the server that flow-dc did not write, or not this version of it: left out, and the work goes on. */
  'flow-dc:refused': { readonly where: string; readonly why: string };
  /** One host has been all that is left for some seconds: said about once a second, and without one when it is over. */
  'flow-dc:bottleneck': { readonly bottleneck?: Bottleneck | undefined };
  /** A host that a rule of the configuration, or of its owner, is about is asked for the first time, or again. */
  'flow-dc:host-rule': { readonly host: string; readonly rule: HostRule & { readonly preset?: object | undefined } };
  /** What a host may give in an hour or a day is used up: its rows wait until then, by the wall clock. */
  'flow-dc:quota': {
    readonly host: string;
    readonly period: 'hour' | 'day';
    readonly bytes: number;
    readonly resumesAtMs: number;
  };
  'flow-dc:unit-open': { readonly unit: UnitId; readonly rows: number; readonly attempt: number };
  'flow-dc:unit-committed': { readonly record: UnitRecord };
}

export type ChannelName = keyof ChannelPayloads;

export const CHANNEL_NAMES: readonly ChannelName[] = [
  'flow-dc:attempt',
  'flow-dc:row',
  'flow-dc:missed',
  'flow-dc:picture',
  'flow-dc:limit',
  'flow-dc:network',
  'flow-dc:shortage',
  'flow-dc:reading',
  'flow-dc:waiting',
  'flow-dc:server',
  'flow-dc:refused',
  'flow-dc:bottleneck',
  'flow-dc:host-rule',
  'flow-dc:quota',
  'flow-dc:unit-open',
  'flow-dc:unit-committed',
];

/**
 * Held for good: Node keeps channels weakly, and 20.x deletes a new one, listeners and all, when it gets round to
 * cleaning up after the collected one of the same name.
 */
const CHANNELS: ReadonlyMap<ChannelName, Channel> = new Map(CHANNEL_NAMES.map((name) => [name, channel(name)]));

/** Whether anybody listens: before something is made ready that costs more than a payload. */
export function isHeard(name: ChannelName): boolean {
  return CHANNELS.get(name)?.hasSubscribers === true;
}

/** Tell whoever listens. The payload is built only then. */
export function publish<Name extends ChannelName>(name: Name, payload: () => ChannelPayloads[Name]): void {
  const target = CHANNELS.get(name);
  if (target?.hasSubscribers === true) target.publish(payload());
}

/** Those that tell more than counts and names: other threads tell them only if somebody listens when they start. */
const LONG: ReadonlySet<ChannelName> = new Set(['flow-dc:missed', 'flow-dc:picture']);

/** What a thread that starts now is to tell the process. */
export function toldChannels(): readonly ChannelName[] {
  return CHANNEL_NAMES.filter((name) => !LONG.has(name) || isHeard(name));
}

/** Listen; the returned function ends it. */
export function subscribe<Name extends ChannelName>(
  name: Name,
  listener: (payload: ChannelPayloads[Name]) => void,
): () => void {
  const target = CHANNELS.get(name) as Channel;
  const onMessage = (message: unknown): void => listener(message as ChannelPayloads[Name]);
  target.subscribe(onMessage);
  return () => target.unsubscribe(onMessage);
}
