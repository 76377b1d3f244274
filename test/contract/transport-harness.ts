/** What the transport contract needs of a form under test, and the small steps its tests are written in. */
import { expect } from 'vitest';
import type { Unit, UnitRecord } from '../../src/record.ts';
import type { Delivery, JobChannel } from '../../src/transport/transport.ts';
import { makeUnits } from '../support/units.ts';

export interface OpenedChannel {
  readonly channel: JobChannel;
  /** Units that the channel rolled forward, in order. */
  readonly rolledForward: readonly string[];
  /** Another channel on the same job's records, as a second run has it. */
  reopen(): Promise<OpenedChannel>;
  /** Let the holder of this unit go silent for longer than its lease lasts. */
  loseLease(delivery: Delivery): Promise<void>;
  /** Now, in the milliseconds that `nak` delays are counted in. */
  nowMs(): number;
  /** Let time pass: a virtual clock moves on, a real one is waited for. */
  pass(ms: number): Promise<void>;
  /** Close and remove everything. */
  close(): Promise<void>;
}

export interface TransportHarness {
  open(options: { readonly highWater: number }): Promise<OpenedChannel>;
  /** How long a delivery may be silent; the suite holds one three times as long. */
  readonly leaseMs: number;
  /** Long enough for anything wrong to show: how long the suite watches that nothing happens. */
  readonly quietMs: number;
  /** How late a delayed unit may come. */
  readonly toleranceMs: number;
}

/** Opens a channel that is closed after the test. */
export type Open = (highWater?: number) => Promise<OpenedChannel>;

export function pair(): [Unit, Unit] {
  return makeUnits(2) as [Unit, Unit];
}

export async function take(channel: JobChannel): Promise<Delivery> {
  const delivery = await channel.next();
  if (delivery === undefined) throw new Error('expected a delivery, got the end of the job');
  return delivery;
}

export async function takeAll(channel: JobChannel, count: number): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  for (let taken = 0; taken < count; taken++) deliveries.push(await take(channel));
  return deliveries;
}

export async function all(records: AsyncIterable<UnitRecord>): Promise<UnitRecord[]> {
  const found: UnitRecord[] = [];
  for await (const record of records) found.push(record);
  return found;
}

/** The promise stays open for `ms`. It may settle later, when the channel is closed. */
export async function expectNothing(
  promise: Promise<unknown>,
  pass: (ms: number) => Promise<void>,
  ms: number,
): Promise<void> {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  promise.then(note, note);
  await pass(ms);
  expect(settled).toBe(false);
}
