import { describe, expect, it } from 'vitest';
import { judgeReply, readHeaders } from '../../../../../src/stages/fetch/reply/reply-headers.ts';

function judged(status: number, headers: Readonly<Record<string, string>>, isPartAsked = false): string | undefined {
  const raw = Object.entries(headers).flatMap((pair) => pair.map((text) => Buffer.from(text, 'latin1')));
  const verdict = judgeReply(status, readHeaders(raw), [], 0, isPartAsked, []);
  return verdict?.kind === 'failed' ? verdict.code : verdict?.kind;
}

describe('a success is the file', () => {
  it.for([
    [200, {}, undefined],
    [203, {}, undefined],
    [200, { 'Transfer-Encoding': 'chunked' }, undefined],
    [200, { 'transfer-encoding': ' Chunked ' }, undefined],
    [206, { 'content-range': 'bytes 0-644/645' }, undefined],
    [206, { 'content-range': 'bytes 0-644/645', 'content-length': '645' }, undefined],
  ] as const)('with status %i and %o', ([status, headers, expected]) => {
    expect(judged(status, headers)).toBe(expected);
  });

  it('in the part that the row asked for', () => {
    expect(judged(206, { 'content-range': 'bytes 0-0/645' }, true)).toBeUndefined();
  });
});

describe('a success is not the file', () => {
  it.for([
    [206, { 'content-range': 'bytes 0-329/645' }, 'http_206'],
    [206, { 'content-range': 'bytes 315-644/645' }, 'http_206'],
    [206, { 'content-range': 'bytes 0-644/645', 'content-length': '330' }, 'http_206'],
    [206, { 'content-range': 'bytes 0-644/*' }, 'http_206'],
    [206, { 'content-type': 'multipart/byteranges; boundary=x' }, 'http_206'],
    [201, {}, 'http_201'],
    [202, {}, 'http_202'],
    [207, {}, 'http_207'],
    [226, {}, 'http_226'],
    [299, {}, 'http_299'],
    [204, {}, 'empty_body'],
    [200, { 'transfer-encoding': 'xchunked' }, 'protocol_error'],
    [200, { 'transfer-encoding': 'gzip, chunked' }, 'protocol_error'],
    [200, { 'transfer-encoding': 'chunked, identity' }, 'protocol_error'],
    [200, { 'transfer-encoding': 'chunked', 'Transfer-Encoding': 'identity' }, 'protocol_error'],
    [200, { 'transfer-encoding': 'chunked, chunked' }, undefined],
    [200, { 'transfer-encoding': 'identity' }, 'protocol_error'],
  ] as const)('with status %i and %o', ([status, headers, expected]) => {
    expect(judged(status, headers)).toBe(expected);
  });
});
