/**
 * How bytes are booked before they are asked of a host: a ledger hands out a part of what a quota has left, and writes
 * that down first. Whoever is killed has booked more than it used, never less. Pure but for the ledgers themselves.
 */
import { MINUTE_MS, type Period, type SpentBytes } from './spent-bytes.ts';

/** A quota that was used up is used again when so much of it is free, and not file by file. Chosen. */
const WORTHWHILE = 0.02;
/** No more than this part of what is left goes to one who asks, unless a file is more. Chosen. */
const MOST_OF_ROOM = 1 / 8;

/** What a limit asks of a ledger. */
export interface Booking {
  /** A host, or a group of them. */
  readonly host: string;
  /** Booked before, for `minute`, and not used: it is booked anew with the rest. Below 0: used without being booked. */
  readonly held: number;
  readonly minute: number;
  /** Of what is held, bytes that are on their way. */
  readonly underWay: number;
  /** Bytes to hold from now on, at most; 0 to give all of it back. */
  readonly want: number;
  /** What a file takes: with less nothing can be begun. */
  readonly fileBytes: number;
  readonly quotas: readonly (readonly [Period, bytes: number])[];
  /** Nothing was left when it was asked last. */
  readonly wasUsedUp: boolean;
}

export interface Booked {
  readonly held: number;
  /** For which it is booked, on the ledger's clock; to be booked anew when that is over. */
  readonly minute: number;
  readonly isOverInMs: number;
  /** Nothing can be begun with what is left. */
  readonly usedUp?: { readonly period: Period; readonly opensInMs: number } | undefined;
}

/** Where it is written down what hosts with a quota have given. */
export interface QuotaLedger {
  /** Resolves when it is written down; does not reject. */
  book(booking: Booking): Promise<Booked>;
}

/** Enter a booking into what is known of its host. */
export function enter(spent: SpentBytes, booking: Booking, wallMs: number): Booked {
  const { held, minute: heldFor, underWay, want, fileBytes, quotas, wasUsedUp } = booking;
  const minute = Math.floor(wallMs / MINUTE_MS);
  const isOverInMs = (minute + 1) * MINUTE_MS - wallMs;
  if (held > 0) spent.takeBack(held, heldFor, wallMs);
  if (held < 0) spent.add(-held, wallMs);
  if (want <= 0) return { held: 0, minute, isOverInMs };
  let [room, least, opensMs] = [Number.POSITIVE_INFINITY, 0, 0];
  let usedUp: Period | undefined;
  for (const [period, bytes] of quotas) {
    const free = bytes - spent.of(period, wallMs);
    const fewest = Math.min(fileBytes, bytes);
    const enough = wasUsedUp ? Math.max(fewest, WORTHWHILE * bytes) : fewest;
    room = Math.min(room, free);
    least = Math.max(least, fewest);
    if (free >= enough) continue;
    const atMs = Math.max(wallMs + 1, spent.fallsTo(bytes - Math.max(fewest, WORTHWHILE * bytes), period, wallMs));
    if (atMs <= opensMs) continue;
    opensMs = atMs;
    usedUp = period;
  }
  const kept = Math.max(0, Math.min(held, underWay));
  const next =
    usedUp === undefined ? Math.max(kept, Math.min(room, Math.max(least, Math.min(want, MOST_OF_ROOM * room)))) : kept;
  if (next > 0) spent.add(next, wallMs);
  if (usedUp === undefined) return { held: next, minute, isOverInMs };
  return { held: next, minute, isOverInMs, usedUp: { period: usedUp, opensInMs: opensMs - wallMs } };
}
