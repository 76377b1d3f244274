import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { rawServer } from '../../support/raw-server.ts';
import { drain, type Result, type Stage, stageFor, summary } from './fetching.ts';

const BODY = 'P5 1 1 255 \x04';
const OK = 'HTTP/1.1 200 OK\r\ncontent-type: image/x-portable-graymap\r\n';
const LENGTH = `content-length: ${BODY.length}\r\n`;
const CHUNKS = `${OK}transfer-encoding: chunked\r\n\r\n`;
const head = (bytes: number): string => `${OK}x-big: ${'a'.repeat(bytes)}\r\n${LENGTH}\r\n${BODY}`;

/** What curl 7.88 and requests 2.34 both take, or curl where requests has a limit of its own. */
const TAKEN: Readonly<Record<string, string>> = {
  '100-continue': `HTTP/1.1 100 Continue\r\n\r\n${OK}${LENGTH}\r\n${BODY}`,
  '103-and-100': `${'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(3)}HTTP/1.1 100 Go\r\n\r\n${OK}${LENGTH}\r\n${BODY}`,
  'length-twice': `${OK}${LENGTH}${LENGTH}\r\n${BODY}`,
  'length-list': `${OK}content-length: ${BODY.length}, ${BODY.length}\r\n\r\n${BODY}`,
  'length-plus': `${OK}content-length: +${BODY.length}\r\n\r\n${BODY}`,
  'length-and-chunks': `${OK}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\nc\r\n${BODY}\r\n0\r\n\r\n`,
  'chunked-twice': `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\nc\r\n${BODY}\r\n0\r\n\r\n`,
  'head-17k': head(17_000),
  'head-127k': head(127_000),
  'space-colon': `${OK}X-Foo : bar\r\nContent-Length : ${BODY.length}\r\n\r\n${BODY}`,
  'lf-only': `${OK}${LENGTH}\r\n`.replaceAll('\r\n', '\n') + BODY,
  'lf-some': `${OK.replaceAll('\r\n', '\n')}${LENGTH}\r\n${BODY}`,
  'lf-chunks': `${CHUNKS}c\n${BODY}\n0\n\n`,
  'chunk-spaces': `${CHUNKS}c  \r\n${BODY}\r\n0\r\n\r\n`,
  folded: `${OK}${LENGTH}x-long: a\r\n b\r\n\tc\r\n\r\n${BODY}`,
  'no-reason': `HTTP/1.1 200\r\n${LENGTH}\r\n${BODY}`,
  'wide-status': `HTTP/1.1  200  OK\r\n${LENGTH}\r\n${BODY}`,
  'http-1.2': `HTTP/1.2 200 OK\r\n${LENGTH}\r\n${BODY}`,
  'odd-names': `${OK}x foo[]: 1\r\n: 2\r\n\xe4: 3\r\nx-ctl: a\x01b\r\n${LENGTH}\r\n${BODY}`,
  'no-length': `HTTP/1.0 200 OK\nx-foo : a\n\n${BODY}`,
};

const REFUSED: Readonly<Record<string, string>> = {
  'length-differs': `${OK}${LENGTH}content-length: 99\r\n\r\n${BODY}`,
  'length-word': `${OK}content-length: 1e3\r\n\r\n`,
  'head-too-long': head(140_000),
  'no-colon': `${OK}${LENGTH}what is this\r\n\r\n${BODY}`,
  nul: `${OK}x-foo: a\0b\r\n${LENGTH}\r\n${BODY}`,
  icy: 'ICY 200 OK\r\nicy-name: radio\r\n\r\n',
  ssh: 'SSH-2.0-OpenSSH_9.6\r\n',
  ftp: '220 ready\r\n',
  switch: 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
};

/** Every host answers as the table says, on connections that stay open where they can. */
async function ask(table: Readonly<Record<string, string>>, rows = 1) {
  const asked: Record<string, number> = {};
  const connectTo = await rawServer((socket, request) => {
    const host = /^host: (.*)\.test\r$/im.exec(request)?.[1] as string;
    asked[host] = (asked[host] ?? 0) + 1;
    const reply = Buffer.from(table[host] as string, 'latin1');
    for (let at = 0; at < reply.length; at += 1000) socket.write(reply.subarray(at, at + 1000));
    if (!/content-length|chunked/i.test(reply.toString('latin1')) || reply.includes('connection: close')) socket.end();
  });
  const stage = stageFor({ connectTo } as never, { maxAttempts: 1, perHostConcurrency: 1, timeoutMs: 3000 });
  const urls = Object.keys(table).flatMap((host) =>
    Array.from({ length: rows }, (_, at) => `http://${host}.test/${at}`),
  );
  return { results: await drain(stage, urls), asked, stage: stage as Stage };
}

const byHost = (results: readonly Result[]): Record<string, string> =>
  Object.fromEntries(results.map(({ host, status, code = '', bytes }) => [host, `${status} ${code || bytes}`]));
const each = (table: object, end: string) =>
  Object.fromEntries(Object.keys(table).map((name) => [`${name}.test`, end]));

describe('a reply that no strict parser takes', () => {
  it('is taken as curl and requests take it, after one more request for its origin', async () => {
    const { results, asked, stage } = await ask(TAKEN, 3);
    expect(byHost(results)).toEqual(each(TAKEN, `fetched ${BODY.length}`));
    expect(summary(results)).toEqual({ 'fetched 1': 3 * Object.keys(TAKEN).length });
    expect(Object.values(asked).every((count) => count <= 4)).toBe(true);
    expect(stage.stats()).toMatchObject({ inFlight: 0, bodyBytesHeld: 0 });
    expect(stage.stats().mended).toBeGreaterThan(10);
  });

  it('that nobody could read is a protocol_error, at once', async () => {
    const { results, asked } = await ask(REFUSED);
    expect(byHost(results)).toEqual(each(REFUSED, 'failed protocol_error'));
    expect([asked.icy, asked.ssh, asked.ftp]).toEqual([1, 1, 1]);
    expect(Math.max(...results.map(({ totalMs = 0 }) => totalMs))).toBeLessThan(2000);
  });

  it('is cut short or too large like any other', async () => {
    const { results } = await ask({
      cut: `HTTP/1.1 200 OK\nx-a : 1\nconnection: close\n\n`,
      short: `${OK}x-a : 1\r\ncontent-length: 50\r\nconnection: close\r\n\r\n${BODY}`,
      redirect: 'HTTP/1.1 302 Found\nx-a : 1\nlocation: http://nowhere.invalid:1x/\ncontent-length: 0\n\n',
    });
    expect(byHost(results)).toEqual({
      'cut.test': 'failed empty_body',
      'short.test': 'failed truncated',
      'redirect.test': 'failed bad_redirect',
    });
  });
});

describe('an image under a Content-Encoding that it is not in', () => {
  it('is kept as it is, with a flag; what is neither is not', async () => {
    const encoded = (name: string, body: string): string =>
      `${OK}content-encoding: ${name}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const { results } = await ask({
      gzip: encoded('gzip', BODY),
      br: encoded('br', BODY),
      zstd: encoded('zstd', BODY),
      true: encoded('gzip', gzipSync(Buffer.from(BODY, 'latin1')).toString('latin1')),
      neither: encoded('gzip', 'just a text'),
    });
    expect(Object.fromEntries(results.map(({ host, code, flags = [] }) => [host, code ?? flags.join()]))).toEqual({
      'gzip.test': 'not_encoded',
      'br.test': 'not_encoded',
      'zstd.test': 'not_encoded',
      'true.test': '',
      'neither.test': 'decode_error',
    });
  });
});
