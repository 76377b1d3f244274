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
    ['an image behind a warning', Buffer.concat([Buffer.from('<br />Warning\n'), JPEG]), 'failed not_whole 1'],
    ['an image before a page', Buffer.concat([JPEG, Buffer.from('<html>')]), 'fetched 1'],
  ] as const)('under an image type ends its row: %s', async ([, body, expected]) => {
    const connectTo = await answering(`200 OK\r\ncontent-type: image/jpeg\r\ncontent-length: ${body.length}`, body);
    const results = await drain(stageFor({ connectTo } as never, { maxAttempts: 1 }), urlsOf('a.test', 1));
    expect(summary(results)).toEqual({ [expected]: 1 });
  });
});

const PNG = IMAGES.get('rgb.png') as Buffer;
const spoilt = (image: Buffer, at: number): Buffer => {
  const bytes = Buffer.from(image);
  bytes[at] = (bytes[at] as number) ^ 0xff;
  return bytes;
};
const NOT_WHOLE = [
  ['a JPEG without its end', JPEG.subarray(0, -2), ['broken']],
  ['a JPEG of which half came', JPEG.subarray(0, JPEG.length / 2), ['broken']],
  ['a PNG without its last chunk', PNG.subarray(0, -12), ['broken']],
  ['a PNG with a changed pixel', spoilt(PNG, PNG.length - 20), ['broken']],
  ['a JPEG behind a mark for byte order', Buffer.concat([Buffer.from('\ufeff'), JPEG]), ['bytes_before']],
] as const;

describe('an image that is not whole', () => {
  const reply = (body: Buffer): Promise<string> => answering(`200 OK\r\ncontent-length: ${body.length}`, body);

  it.for(NOT_WHOLE.flatMap((one) => [[...one, 'memory'] as const, [...one, 'a file'] as const]))(
    'is asked for once more and not stored: %s, in %3$s',
    async ([, body, , where]) => {
      const options = { maxAttempts: 5, retryBackoffMs: 1, ...(where === 'memory' ? {} : { spillBytes: 65_536 }) };
      const padded = where === 'memory' ? body : Buffer.concat([body, Buffer.alloc(70_000)]);
      const results = await drain(stageFor({ connectTo: await reply(padded) } as never, options), urlsOf('a.test', 1));
      expect(summary(results)).toEqual({ 'failed not_whole 2': 1 });
    },
  );

  it.for(NOT_WHOLE)('is stored on request, and says what is wrong: %s', async ([, body, flags]) => {
    const connectTo = await reply(body);
    for (const options of [{ keepBroken: true }, { expectContent: 'any' } as const]) {
      const results = await drain(stageFor({ connectTo } as never, options), urlsOf('a.test', 1));
      expect(results).toMatchObject([{ status: 'fetched', bytes: body.length, attempts: 1, flags }]);
    }
  });

  it('is none of these: other bytes behind a whole one are only said', async () => {
    const connectTo = await reply(Buffer.concat([JPEG, Buffer.from('<html>')]));
    const results = await drain(stageFor({ connectTo } as never, {}), urlsOf('a.test', 1));
    expect(results).toMatchObject([{ status: 'fetched', flags: ['bytes_behind'] }]);
  });

  it('nor is a sound, unless only images are wanted', async () => {
    const connectTo = await reply(Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\0\0'), Buffer.alloc(400)]));
    const ends = (expectContent: 'image' | 'media') =>
      drain(stageFor({ connectTo } as never, { expectContent }), urlsOf('a.test', 1)).then(summary);
    expect(await ends('media')).toEqual({ 'fetched 1': 1 });
    expect(await ends('image')).toEqual({ 'failed not_media 1': 1 });
  });
});

it('an image of a type that is not wanted is skipped at its first attempt, a sound is none', async () => {
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>');
  const sound = Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\0\0'), Buffer.alloc(400)]);
  for (const [body, expected] of [
    [JPEG, 'fetched 1'],
    [PNG, 'skipped type_not_wanted 1'],
    [PNG.subarray(0, -12), 'skipped type_not_wanted 1'],
    [svg, 'skipped type_not_wanted 1'],
    [sound, 'fetched 1'],
  ] as const) {
    const connectTo = await answering(`200 OK\r\ncontent-length: ${body.length}`, body);
    const results = await drain(stageFor({ connectTo } as never, { imageTypes: ['jpeg'] }), urlsOf('a.test', 1));
    expect(summary(results)).toEqual({ [expected]: 1 });
  }
});
