/** What a worker has yet to say, and how many messages it may send: the most important first. */
import type { Envelope, HostGrant, HostReport } from './envelope.ts';

type MessageKind = 'heartbeat' | 'envelope' | 'record';

const windowMs = 1000;
/**
 * Messages in any second that a kind may bring the total to; 8 in all, and the last ones are kept for what matters
 * more.
 */
const mostInWindow: Readonly<Record<MessageKind, number>> = { heartbeat: 8, envelope: 7, record: 6 };

/** What a worker has yet to say, beyond its regular reports. */
export class Outbox {
  readonly #pauses = new Map<string, number>();
  #farewells: HostReport[] = [];
  #number = 0;
  #seen = 0;
  #owesWord = false;

  /** There is something that others wait for. */
  get hasNews(): boolean {
    return this.#owesWord || this.#farewells.length > 0 || this.#pauses.size > 0;
  }

  /** The last revision of the bucket that was read. */
  get seen(): number {
    return this.#seen;
  }

  /** A revision of the bucket was read. */
  sees(revision: number): void {
    this.#seen = Math.max(this.#seen, revision);
  }

  /** Somebody waits to hear that we have read as far as this. */
  oweWord(): void {
    this.#owesWord = true;
  }

  /** A host has asked us for silence. */
  pause(host: string, untilMs: number): void {
    this.#pauses.set(host, Math.max(untilMs, this.#pauses.get(host) ?? 0));
  }

  farewell(report: HostReport): void {
    this.#farewells.push(report);
  }

  /** The last words that have not left yet; they must stand before the first ones of a new visit. */
  takeFarewells(): HostReport[] {
    const farewells = this.#farewells;
    this.#farewells = [];
    return farewells;
  }

  envelope(from: string, reports: readonly HostReport[], grants: readonly HostGrant[], nowMs: number): Envelope {
    const pauses = [...this.#pauses].map(([host, untilMs]) => ({ host, pauseMs: Math.max(0, untilMs - nowMs) }));
    this.#pauses.clear();
    this.#owesWord = false;
    this.#number += 1;
    return { from, number: this.#number, nowMs, seen: this.#seen, reports, grants, pauses };
  }

  /** Somebody new speaks from now on; what the former had to say is void. */
  renew(): void {
    this.#farewells = [];
    this.#number = 0;
  }
}

/** Keeps a worker at 8 messages in any second. What may not go now goes with a later one; nothing is lost but time. */
export class MessageAllowance {
  readonly #sentMs: number[] = [];
  #sent = 0;

  /** Messages so far. */
  get sent(): number {
    return this.#sent;
  }

  /** Ask, and count it as sent if it may be. */
  take(kind: MessageKind, nowMs: number): boolean {
    while ((this.#sentMs[0] ?? nowMs) <= nowMs - windowMs) this.#sentMs.shift();
    if (this.#sentMs.length >= mostInWindow[kind]) return false;
    this.#sentMs.push(nowMs);
    this.#sent += 1;
    return true;
  }
}
