/** A web server with one file, and every way in which such servers get in the way of who reads it in parts. */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import type { TestCa } from './test-ca.ts';

export interface FileServerOptions {
  readonly content: Buffer;
  readonly tls?: TestCa['tls'] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Ranges are answered with the whole file. */
  readonly noRanges?: boolean | undefined;
  /** Content-Range begins so many bytes further on than what was asked for. */
  readonly rangeShift?: number | undefined;
  /** The connection is cut after so many bytes of a body. */
  readonly cutAfter?: number | undefined;
  /** The whole file goes out packed although nobody asked for that. */
  readonly encoded?: boolean | undefined;
  /** Bytes that leave at a time, with a pause after each. */
  readonly slowBytes?: number | undefined;
  /** Looked at before anything else; true when it has answered. */
  readonly before?: ((request: IncomingMessage, response: ServerResponse, requests: number) => boolean) | undefined;
}

export interface FileServer {
  readonly url: string;
  readonly port: number;
  /** Range headers in the order of requests; '' for none. */
  readonly ranges: string[];
  readonly headersSeen: IncomingMessage['headers'][];
  /** From now on another file, with another ETag. */
  replace(content: Buffer): void;
  /** Bytes of bodies that were sent. */
  readonly sent: () => number;
}

/** Closed with the test. */
export async function fileServer(options: FileServerOptions, path = '/m.csv'): Promise<FileServer> {
  let { content } = options;
  let version = 1;
  let sent = 0;
  const ranges: string[] = [];
  const headersSeen: IncomingMessage['headers'][] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    ranges.push(request.headers.range ?? '');
    headersSeen.push(request.headers);
    response.on('error', () => {});
    if (options.before?.(request, response, ranges.length) === true) return;
    const match = options.noRanges || options.encoded ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const headers: Record<string, string> = { etag: `"v${version}"`, ...options.headers };
    let body = content;
    let status = 200;
    if (options.encoded) {
      body = gzipSync(content);
      headers['content-encoding'] = 'gzip';
    } else if (match !== null) {
      const start = Number(match[1]);
      const end = Math.min(content.length, match[2] === '' ? content.length : Number(match[2]) + 1);
      if (start >= content.length) {
        response.writeHead(416, { ...headers, 'content-range': `bytes */${content.length}` }).end();
        return;
      }
      const shift = options.rangeShift ?? 0;
      status = 206;
      body = content.subarray(start, end);
      headers['content-range'] = `bytes ${start + shift}-${end - 1 + shift}/${content.length}`;
    }
    response.writeHead(status, { ...headers, 'content-length': String(body.length) });
    const cut = options.cutAfter !== undefined && body.length > options.cutAfter;
    const part = cut ? body.subarray(0, options.cutAfter) : body;
    sent += part.length;
    if (options.slowBytes !== undefined) return trickle(response, part, options.slowBytes);
    if (!cut) response.end(part);
    else response.write(part, () => setImmediate(() => response.destroy()));
  };
  const server =
    options.tls === undefined ? createHttpServer(answer) : createHttpsServer({ ...options.tls } as object, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}${path}`,
    port,
    ranges,
    headersSeen,
    sent: () => sent,
    replace: (other) => {
      content = other;
      version += 1;
    },
  };
}

function trickle(response: ServerResponse, body: Buffer, bytes: number): void {
  let at = 0;
  const next = (): void => {
    if (at >= body.length || response.destroyed) return void response.end();
    response.write(body.subarray(at, at + bytes), () => setTimeout(next, 1));
    at += bytes;
  };
  next();
}
