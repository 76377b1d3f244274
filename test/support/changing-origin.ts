/** A web server whose files change, vanish and come back, and which knows what it was asked for and how. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { drawJpeg, padJpeg } from '../../src/demo-hosts/jpeg-and-gif.ts';

export interface ChangingOrigin {
  /** For --connect-to: every host is this one. */
  readonly connectTo: string;
  /** By URL without scheme (`host/path`): another status than 200, or 0 for a connection that is cut. */
  readonly statuses: Map<string, number>;
  /** By URL: 1 for the first content. */
  readonly versions: Map<string, number>;
  /** URLs in the order of requests, with `304` behind those that were answered so. */
  readonly asked: string[];
}

/** Hosts whose name begins with `plain` send neither entity tags nor dates. Closed with the test. */
export async function changingOrigin(): Promise<ChangingOrigin> {
  const [statuses, versions] = [new Map<string, number>(), new Map<string, number>()];
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = `${request.headers.host ?? ''}${request.url ?? ''}`;
    const status = statuses.get(url) ?? 200;
    const version = versions.get(url) ?? 1;
    const etag = `"${url}-${version}"`;
    const isPlain = url.startsWith('plain');
    const isSame = !isPlain && request.headers['if-none-match'] === etag;
    asked.push(status === 200 && isSame ? `${url} 304` : url);
    if (status === 0) return void request.socket.destroy();
    if (status !== 200) return void response.writeHead(status).end('no');
    if (isSame) return void response.writeHead(304, { etag }).end();
    response.writeHead(200, { 'content-type': 'image/jpeg', ...(isPlain ? {} : { etag }) });
    response.end(changingImage(url, version));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { connectTo: `::127.0.0.1:${(server.address() as AddressInfo).port}`, statuses, versions, asked };
}

/** What is served under a URL. */
export function changingImage(url: string, version: number): Buffer {
  const picture = drawJpeg(32, 32, (square) => ((square * 7 + version + url.length) % 16) / 16);
  return padJpeg(picture, Buffer.from(`${url} ${version}`));
}
