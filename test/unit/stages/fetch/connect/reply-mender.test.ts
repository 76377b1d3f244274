import { describe, expect, it } from 'vitest';
import { MalformedReply, ReplyMender } from '../../../../../src/stages/fetch/connect/reply-mender.ts';

const GET = Buffer.from('GET / HTTP/1.1\r\nhost: a.test\r\n\r\n');
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** What comes out, however the bytes are cut; `undefined` behind the last reply is left out. */
function mend(reply: string, size = reply.length, request: Buffer = GET): string {
  const mender = new ReplyMender();
  mender.sent(request);
  const pieces: Buffer[] = [];
  for (let at = 0; at < reply.length; at += size) pieces.push(...(mender.add(bytes(reply.slice(at, at + size))) ?? []));
  return Buffer.concat(pieces).toString('latin1');
}

const ODD =
  'HTTP/1.1 100 Continue\n\nHTTP/1.1  200 Fine\nContent-Length : 4\nX-Foo : bar\nLocation: /a\r\n b\nEtag:"\x01"\ncontent-length:4, +4\n\nbody';
const PLAIN = 'HTTP/1.1 200 -\r\nlocation: /a b\r\netag: " "\r\ncontent-length: 4\r\n\r\nbody';
const CHUNKED = 'HTTP/1.0 200 OK\nTransfer-Encoding: chunked\n\n3 \nabc\n2;x=y\r\nde\r\n0\nx-trailer: 1\n\n';

describe('a mended reply', () => {
  it('is one that a strict parser takes, whatever pieces it comes in', () => {
    for (const size of [1, 2, 3, 7, 50, 1000]) expect(mend(ODD, size)).toBe(PLAIN);
  });

  it('has its chunks as they should be, and nothing behind the last one', () => {
    const strict = 'HTTP/1.0 200 -\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n';
    for (const size of [50, 1000]) expect(mend(`${CHUNKED}`, size)).toBe(strict);
    const joined = mend(CHUNKED, 1).split('\r\n\r\n')[1] ?? '';
    expect(joined.replace(/1\r\n(.)\r\n/g, '$1')).toBe('abcde0');
    expect(mend(`${CHUNKED}junk`)).toBe(strict);
  });

  it('ends where it says, so that the connection can take another request', () => {
    const mender = new ReplyMender();
    for (const request of [GET, GET]) {
      mender.sent(request);
      expect(Buffer.concat(mender.add(bytes(ODD)) ?? []).toString('latin1')).toBe(PLAIN);
    }
    expect(mender.add(bytes('more'))).toBeUndefined();
  });

  it('has no body where the request or its status says so', () => {
    const reply = 'HTTP/1.1 200 OK\ncontent-length: 4\n\n';
    expect(mend(`${reply}body`, 1000, bytes('HEAD / HTTP/1.1\r\n\r\n'))).toBe(
      'HTTP/1.1 200 -\r\ncontent-length: 4\r\n\r\n',
    );
    expect(mend('HTTP/1.1 304 No\n\nbody')).toBe('HTTP/1.1 304 -\r\n\r\n');
  });

  it.each([
    'HTTP/2 200 OK\n\n',
    'HTTP/1.1 099 x\n\n',
    'HTTP/1.1 200OK\n\n',
    ' HTTP/1.1 200 OK\n\n',
    'HTTP/1.1 200 OK\n folded: 1\n\n',
    'HTTP/1.1 200 OK\nno colon\n\n',
    'HTTP/1.1 200 OK\na: \0\n\n',
    'HTTP/1.1 200 OK\ncontent-length: 1\ncontent-length: 2\n\n',
    'HTTP/1.1 200 OK\ncontent-length: 1, 2\n\n',
    'HTTP/1.1 200 OK\ncontent-length: -1\n\n',
    `HTTP/1.1 200 OK\ncontent-length: ${'9'.repeat(26)}\n\n`,
    `HTTP/1.1 200 OK\na: ${'b'.repeat(131_072)}\n\n`,
    'HTTP/1.1 103 x\n\n'.repeat(10_000),
    'HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\nzz\n',
    'HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n1\nab\n',
    `HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n1;${'x'.repeat(5000)}\n`,
  ])('is none for what nobody could read: %j', (reply) => {
    expect(() => mend(reply)).toThrow(MalformedReply);
    expect(() => mend(reply, 100)).toThrow(MalformedReply);
  });
});
