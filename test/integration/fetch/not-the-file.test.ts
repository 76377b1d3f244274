import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { IMAGES } from '../../support/image-mutator.ts';
import { drain, stageFor, summary, urlsOf } from './fetching.ts';

const JPEG = IMAGES.get('baseline.jpg') as Buffer;

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
    [
      'half of it',
      '206 Partial Content\r\ncontent-range: bytes 0-756/1514\r\ncontent-length: 757',
      'failed http_206 1',
    ],
    ['a promise of it', '202 Accepted\r\ncontent-type: image/jpeg\r\ncontent-length: 757', 'failed http_202 1'],
    ['it in a wrapping of its own', '200 OK\r\ntransfer-encoding: xchunked', 'failed protocol_error 1'],
  ] as const)('is not stored: %s', async ([, head, expected]) => {
    const connectTo = await answering(head, JPEG);
    const results = await drain(stageFor({ connectTo } as never, { maxAttempts: 1 }), urlsOf('a.test', 1));
    expect(summary(results)).toEqual({ [expected]: 1 });
  });

  const RANGE = '206 Partial Content\r\ncontent-range: bytes 0-1999/2000';
  const framed = (body: Buffer): Buffer =>
    Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]);
  it.for([
    ['in pieces', `${RANGE}\r\ntransfer-encoding: chunked`, framed(JPEG)],
    ['up to the end of the connection', `${RANGE}\r\nconnection: close`, JPEG],
  ] as const)('is not stored: a part that calls itself the whole, %s', async ([, head, body]) => {
    const connectTo = await answering(head, body);
    const results = await drain(stageFor({ connectTo } as never, { maxAttempts: 1 }), urlsOf('a.test', 1));
    expect(summary(results)).toEqual({ 'failed http_206 1': 1 });
  });

  it.for([
    ['in pieces', 'transfer-encoding: chunked', framed(JPEG)],
    ['up to the end of the connection', 'connection: close', JPEG],
  ] as const)('is the file: a part that is all of it, %s', async ([, head, body]) => {
    const range = `206 Partial Content\r\ncontent-range: bytes 0-${JPEG.length - 1}/${JPEG.length}`;
    const connectTo = await answering(`${range}\r\n${head}`, body);
    const results = await drain(stageFor({ connectTo } as never, { maxAttempts: 1 }), urlsOf('a.test', 1));
    expect(summary(results)).toEqual({ 'fetched 1': 1 });
  });

  it.for([
    ['a status of zeros', '000 x\r\ncontent-length: 0'],
    ['a switch of protocols behind an early hint', '103 Early Hints\r\n\r\nHTTP/1.1 101 Switching\r\nupgrade: x'],
  ] as const)('is a reply against the rules: %s', async ([, head]) => {
    const connectTo = await answering(head, JPEG);
    const results = await drain(stageFor({ connectTo } as never, { maxAttempts: 1 }), urlsOf('a.test', 1));
    expect(results.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      expect.stringMatching(/^protocol_error/),
    ]);
  });

  const ICNS = Buffer.concat([Buffer.from('icns\0\0\0\x40ICON', 'latin1'), Buffer.alloc(52)]);
  const ASF = Buffer.concat([Buffer.from('3026b2758e66cf11a6d900aa0062ce6c', 'hex'), Buffer.alloc(200)]);
  it.for([
    ['bytes of no kind', Buffer.from('\0garbage'), 'failed not_media 1'],
    ['two letters of a BMP', Buffer.from('BM'), 'failed not_media 1'],
    ['a GIF without anything', Buffer.from('GIF89a'), 'failed not_media 1'],
    ['a PNG without a header', Buffer.from('\x89PNG\r\n\x1a\nIDAT', 'latin1'), 'failed not_media 1'],
    ['icons of no length, on which readers never end', ICNS, 'failed not_media 1'],
    ['sound of no length, on which readers never end', ASF, 'fetched 1'],
    ['an image behind a warning', Buffer.concat([Buffer.from('<br />Warning\n'), JPEG]), 'fetched 1'],
  ] as const)('under an image type ends its row: %s', async ([, body, expected]) => {
    const connectTo = await answering(`200 OK\r\ncontent-type: image/jpeg\r\ncontent-length: ${body.length}`, body);
    const results = await drain(stageFor({ connectTo } as never, { maxAttempts: 1 }), urlsOf('a.test', 1));
    expect(summary(results)).toEqual({ [expected]: 1 });
  });
});
