/**
 * A connection to whichever of a host's addresses answers first, as RFC 8305 has it: one after the other with a head
 * start, so that an address that is dead costs that, and no time limit. Once one has answered no other is tried.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';

/** RFC 8305, section 5. */
const HEAD_START_MS = 250;
/** What a host names beyond that is not tried for one connection. Chosen. */
const MAX_ADDRESSES = 8;

export interface Dialling {
  /** One after the other, the best first. */
  readonly addresses: readonly string[];
  /** Asked for once, when none of them has answered in time: those of the other family. */
  readonly more?: (() => Promise<readonly string[]>) | undefined;
  /** Start a connection; `done` tells of its end or its beginning once, unless its socket is destroyed before. */
  readonly open: (address: string, done: (error: Error | null, socket: Socket) => void) => Socket;
  readonly clock: Pick<Clock, 'timer'>;
  /** @param address - where the socket leads, or what failed last */
  readonly done: (error: Error | null, socket: Socket | null, address: string) => void;
}

/** @returns what gives it up; `done` is not called any more then */
export function firstToConnect(dialling: Dialling): () => void {
  const race = new Race(dialling);
  race.next();
  return () => race.stop();
}

class Race {
  readonly #dialling: Dialling;
  readonly #pending = new Set<Socket>();
  #addresses: readonly string[];
  #more: Dialling['more'];
  #started = 0;
  #isAsking = false;
  #isDecided = false;
  #isOver = false;
  #stopTimer: (() => void) | undefined;
  #failure: { readonly error: Error; readonly address: string } | undefined;

  constructor(dialling: Dialling) {
    this.#dialling = dialling;
    this.#addresses = dialling.addresses.slice(0, MAX_ADDRESSES);
    this.#more = dialling.more;
  }

  /** The next address, if there is one: the time of those before it is over. */
  next(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    const address = this.#addresses[this.#started];
    if (address === undefined) return this.#askForMore();
    this.#started += 1;
    const socket = this.#dialling.open(address, (error, opened) => this.#onEnd(error, opened, address));
    if (this.#isOver) return;
    this.#pending.add(socket);
    socket.once('connect', () => this.#decide(socket));
    if (this.#started < this.#addresses.length || this.#more !== undefined)
      this.#stopTimer = this.#dialling.clock.timer(HEAD_START_MS, () => this.next());
  }

  stop(winner?: Socket): void {
    this.#isOver = true;
    this.#stopTimer?.();
    for (const socket of this.#pending) if (socket !== winner) socket.destroy();
    this.#pending.clear();
  }

  /** The host has answered there; what comes now is that connection's own affair. */
  #decide(winner: Socket): void {
    if (this.#isDecided || this.#isOver) return;
    this.#isDecided = true;
    this.#stopTimer?.();
    for (const socket of this.#pending) if (socket !== winner) socket.destroy();
    this.#pending.clear();
    this.#pending.add(winner);
  }

  #askForMore(): void {
    const more = this.#more;
    this.#more = undefined;
    if (more === undefined) return this.#endIfLost();
    this.#isAsking = true;
    const go = (found: readonly string[]): void => {
      this.#isAsking = false;
      if (this.#isOver || this.#isDecided) return;
      this.#addresses = [...this.#addresses, ...found.slice(0, MAX_ADDRESSES)];
      this.next();
    };
    more().then(go, () => go([]));
  }

  #onEnd(error: Error | null, socket: Socket, address: string): void {
    if (this.#isOver || (this.#isDecided && !this.#pending.has(socket))) return;
    this.#pending.delete(socket);
    if (error === null) {
      this.stop(socket);
      return this.#dialling.done(null, socket, address);
    }
    this.#failure = { error, address };
    if (this.#isDecided || !isOfAddress(error)) {
      this.stop();
      return this.#dialling.done(error, null, address);
    }
    if (!this.#isAsking) this.next();
  }

  /** Nobody is left to answer. */
  #endIfLost(): void {
    if (this.#isOver || this.#pending.size > 0 || this.#failure === undefined) return;
    this.stop();
    this.#dialling.done(this.#failure.error, null, this.#failure.address);
  }
}

const OF_ADDRESS: ReadonlySet<string | undefined> = new Set([
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ECONNREFUSED',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
  'EHOSTDOWN',
]);

/** Says nothing about the host's other addresses. */
function isOfAddress(error: NodeJS.ErrnoException): boolean {
  return OF_ADDRESS.has(error.code);
}
