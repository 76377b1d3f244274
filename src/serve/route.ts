/** One thing that the live page's server answers. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request that may be answered: it came by our name, and where it changes something, with the key. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly search: URLSearchParams;
  /** Of a POST. */
  readonly body: unknown;
}

export interface Route {
  /** A POST needs the key. */
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Errors: Refused, with a status. */
  handle(call: Call): void | Promise<void>;
}
