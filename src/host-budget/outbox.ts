/** What a worker has yet to say. */
import type { Envelope, HostGrant, HostReport } from './envelope.ts';

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
