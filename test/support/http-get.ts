/** A plain GET that tells all. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface GetOptions {
  readonly port: number;
  /** PEM; makes it https. */
  readonly ca?: string;
  readonly signal?: AbortSignal;
}

export interface GetResult {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** What arrived, whether it was all or not. */
  readonly body: Buffer;
  /** Why the body ended early, if it did. */
  readonly error?: NodeJS.ErrnoException;
}

/**
 * A plain GET to 127.0.0.1 on a connection of its own, the Host header (and SNI) taken from `url`. Rejects without a
 * response.
 */
export function httpGet(url: string, { port, ca, signal }: GetOptions): Promise<GetResult> {
  const { host, hostname, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const options = {
      port,
      host: '127.0.0.1',
      path: pathname + search,
      headers: { host },
      agent: false,
      ...(signal ? { signal } : {}),
    };
    const request = ca === undefined ? httpRequest(options) : httpsRequest({ ...options, ca, servername: hostname });
    request.once('error', reject);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      const result = () => ({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: Buffer.concat(chunks),
      });
      const broken = (error: NodeJS.ErrnoException) => resolve({ ...result(), error });
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => resolve(result()));
      response.on('error', broken);
      // From here on a fault of the connection may be told to the request, before the response hears of it.
      request.off('error', reject).on('error', broken);
    });
    request.end();
  });
}
