import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { drain, stageFor, summary, urlsOf } from './fetching.ts';

const IMAGE = Buffer.from('ffd8ffe000104a46494600010100000100010000ffd9', 'hex');

/** Every request gets this head and this body, and then the end of the connection. */
async function answering(head: string, body: Buffer): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(Buffer.concat([Buffer.from(`HTTP/1.1 ${head}\r\n\r\n`, 'latin1'), body])));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  return `::127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('what is not the file', () => {
  it.for([
    ['half of it', '206 Partial Content\r\ncontent-range: bytes 0-21/44\r\ncontent-length: 22', 'failed http_206 1'],
    ['a promise of it', '202 Accepted\r\ncontent-type: image/jpeg\r\ncontent-length: 22', 'failed http_202 1'],
    ['it in a wrapping of its own', '200 OK\r\ntransfer-encoding: xchunked', 'failed protocol_error 1'],
  ] as const)('is not stored: %s', async ([, head, expected]) => {
    const connectTo = await answering(head, IMAGE);
    const results = await drain(stageFor({ connectTo } as never, { maxAttempts: 1 }), urlsOf('a.test', 1));
    expect(summary(results)).toEqual({ [expected]: 1 });
  });
});
