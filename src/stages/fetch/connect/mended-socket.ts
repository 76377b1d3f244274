/** A connection whose replies are mended before anybody reads them. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { ReplyMender } from './reply-mender.ts';

class MendedSocket extends Duplex {
  readonly #socket: Socket;
  readonly #mender = new ReplyMender();

  constructor(socket: Socket) {
    super({ allowHalfOpen: true, readableHighWaterMark: socket.readableHighWaterMark });
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
    socket.pause();
  }

  #take(chunk: Buffer): void {
    if (this.readableEnded || this.destroyed) return;
    try {
      const pieces = this.#mender.add(chunk);
      if (pieces === undefined) return void this.push(null);
      let wantsMore = true;
      for (const piece of pieces) wantsMore = this.push(piece);
      if (!wantsMore) this.#socket.pause();
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#mender.sent(chunk);
    this.#socket.write(chunk, encoding, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#socket.closed) return done(error);
    this.#socket.once('close', () => done(error));
    this.#socket.destroy();
  }
}

/** @returns what undici takes for the connection */
export function mended(socket: Socket): Socket {
  return new MendedSocket(socket) as unknown as Socket;
}
