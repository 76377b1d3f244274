/** One connection of an origin: who counts it, what stands between it and undici, how it ends. */
import type { Socket } from 'node:net';
import type { buildConnector, Client, Dispatcher } from 'undici';
import type { Forwarding } from '../../../network/connector.ts';
import type { Connections } from '../../../paarc/limit.ts';
import { mended } from './mended-socket.ts';
import { keepEnd } from './paused-end.ts';

/** One for all: an error takes a picture of the stack when it is made, and nobody is told of this one. */
export const CLOSED = new Error('the connection is not needed any more');

export interface Line {
  /** Whoever counts it, where several threads share the host. */
  readonly connections: Connections | undefined;
  /** Its replies are mended before undici reads them. */
  readonly isMended: boolean;
  /** Gives it up while it is being made. */
  giveUp(): void;
  /** Undefined before it was made, and where nobody counts it. */
  socket: Socket | undefined;
  state: 'kept' | 'closing' | 'yielding' | 'over';
}

/** As a proxy expects it: the URL whole, and its own headers. That it wants others is no reply of the host. */
export function sendSpelledOut(client: Client, origin: string, { headers, refused }: Forwarding): void {
  const dispatch = client.dispatch.bind(client);
  client.dispatch = (options, handler) =>
    dispatch(
      { ...options, path: `${origin}${options.path}`, headers: { ...(options.headers as object), ...headers } },
      withProxyHeard(handler, refused),
    );
}

function withProxyHeard(
  handler: Dispatcher.DispatchHandler,
  refused: Forwarding['refused'],
): Dispatcher.DispatchHandler {
  let abort = (_error: Error): void => {};
  return {
    onConnect: (give) => {
      abort = give as typeof abort;
      handler.onConnect?.(give);
    },
    onHeaders: (status, headers, resume, text) => {
      if (status !== 407) return handler.onHeaders?.(status, headers, resume, text) ?? true;
      abort(refused());
      return true;
    },
    onData: (chunk) => handler.onData?.(chunk) ?? true,
    onComplete: (trailers) => handler.onComplete?.(trailers),
    onError: (error) => handler.onError?.(error),
  };
}

export function end(client: Client, line: Line | undefined): void {
  line?.giveUp();
  client.destroy(CLOSED).catch(() => {});
  if (line !== undefined && line.socket?.closed !== false) endCount(line);
}

/** A connection that is counted until its socket is closed, and not only until nobody uses it any more. */
export function counted(line: Line, callback: buildConnector.Callback): buildConnector.Callback {
  return ((error: Error | null, socket: Socket | null) => {
    line.socket = socket ?? undefined;
    // One in use that the host closes is opened again by its client, or comes back as one that cannot be used.
    socket?.once('close', () => line.socket === socket && endCount(line));
    (callback as (error: Error | null, socket: Socket | null) => void)(error, socket);
  }) as buildConnector.Callback;
}

export function withEndKept(
  client: Client,
  callback: buildConnector.Callback,
  isMended: boolean,
): buildConnector.Callback {
  return ((error: Error | null, socket: Socket | null) => {
    const read = socket !== null && isMended ? mended(socket) : socket;
    if (read !== null) keepEnd(client, read);
    (callback as (error: Error | null, socket: Socket | null) => void)(error, read);
  }) as buildConnector.Callback;
}

export function endCount(line: Line): void {
  if (line.state === 'closing') line.connections?.closed();
  else if (line.state === 'yielding') line.connections?.yielded();
  else return;
  line.state = 'over';
}
