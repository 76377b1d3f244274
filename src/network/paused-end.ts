/**
 * Keeps the end of a connection from undici while its parser is paused: it would fail an assertion, from an event, which
 * nobody can catch (nodejs/undici#5360; 7.30 has it). Told again when the parser goes on.
 */
import type { Socket } from 'node:net';

type Parser = { readonly paused: boolean };

/**
 * Watch over a connection that is handed to undici.
 * @param keep - gets what tells of the end, when that was kept back: to be called until it returns true
 */
export function keepEndWhilePaused(socket: Socket, keep: (tell: () => boolean) => void): void {
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...values: unknown[]) => boolean;
  const isPaused = (): boolean => parserOf(socket)?.paused === true;
  socket.emit = (event: string | symbol, ...values: unknown[]): boolean => {
    if (event === 'end' && isPaused()) {
      // Or Node would close the other direction now, and the connection with it.
      socket.allowHalfOpen = true;
      keep(() => {
        if (isPaused() && !socket.destroyed) return false;
        if (!socket.destroyed) emit('end');
        return true;
      });
      return true;
    }
    if (event === 'error' && isPaused()) {
      // A reset may be an end to undici as well; by any other code it is an error.
      const { message } = values[0] as Error;
      return emit('error', Object.assign(new Error(message, { cause: values[0] }), { code: 'ECONNABORTED' }));
    }
    return emit(event, ...values);
  };
}

function parserOf(socket: Socket): Parser | undefined {
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'parser');
  return key === undefined ? undefined : (socket as unknown as Record<symbol, Parser | undefined>)[key];
}
