import { describe, expect, it } from 'vitest';
import { headerRecord, requestHeaders } from '../../../src/network/request-headers.ts';

const URL_PLAIN = new URL('http://h.test/a');

describe('a request', () => {
  it('says who asks and wants the bytes as they are', () => {
    expect(requestHeaders(URL_PLAIN, 'flow-dc/1', {}, {})).toEqual({
      'user-agent': 'flow-dc/1',
      accept: '*/*',
      'accept-encoding': 'identity',
    });
  });

  it('own headers replace ours, those of the host replace own ones, whatever their case', () => {
    const rule = { userAgent: 'other', headers: ['X-Key: host'] };
    const headers = requestHeaders(URL_PLAIN, 'flow-dc/1', rule, { Accept: 'image/*', 'x-key': 'row' });
    expect(headers).toMatchObject({ 'user-agent': 'other', accept: 'image/*', 'x-key': 'host' });
  });

  it.each([
    ['http://user:pa%20ss@h.test/', 'user:pa ss'],
    ['http://user@h.test/', 'user:'],
    ['http://100%:x@h.test/', '100%:x'],
  ])('credentials of %s go into a header', (url, pair) => {
    expect(requestHeaders(new URL(url), 'x', {}, {}).authorization).toBe(
      `Basic ${Buffer.from(pair).toString('base64')}`,
    );
  });

  it('an Authorization of the user’s own wins over the URL’s', () => {
    expect(requestHeaders(new URL('http://u:p@h.test/'), 'x', {}, { Authorization: 'Bearer t' }).authorization).toBe(
      'Bearer t',
    );
  });
});

describe('header lines', () => {
  it('become a record', () => {
    expect(headerRecord(['X-A: 1', 'x-b:2', 'Accept:  image/* '])).toEqual({
      'x-a': '1',
      'x-b': '2',
      accept: 'image/*',
    });
  });

  it.each([
    'no colon',
    ': empty name',
    'bad name: x',
    'x: a\r\nInjected: y',
    'Transfer-Encoding: chunked',
    'connection: close',
  ])('%j is refused', (line) => {
    expect(() => headerRecord([line])).toThrow(RangeError);
  });
});
