/** Ends of connections that were kept from undici, by client, until its parser goes on. */
import type { Socket } from 'node:net';
import type { Client } from 'undici';
import { keepEndWhilePaused } from '../../../network/paused-end.ts';

const kept = new WeakMap<Client, () => boolean>();

/** Watch over a connection that is handed to `client`. */
export function keepEnd(client: Client, socket: Socket): void {
  keepEndWhilePaused(socket, (tell) => kept.set(client, tell));
}

/** The parser of the connection that `client` has was told to go on. */
export function endIfKept(client: Client): void {
  if (kept.get(client)?.() === true) kept.delete(client);
}
