import { expect, it } from 'vitest';
import { rawServer } from '../../support/raw-server.ts';
import { drain, stageFor } from './fetching.ts';

const IMAGE = 'HTTP/1.1 200 OK\r\ncontent-type: image/x-portable-graymap\r\ncontent-length: 12\r\n\r\nP5 1 1 255 \x04';

it('rows of IIIF servers come in the size that is asked for, or in their own where that is refused', async () => {
  const asked: string[] = [];
  const connectTo = await rawServer((socket, request) => {
    const path = /^GET (\S+)/.exec(request)?.[1] ?? '';
    asked.push(path);
    if (path.startsWith('/gone')) return void socket.write('HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n');
    if (path.endsWith('/manifest.json')) {
      const service = { '@id': 'http://b.test/large/' };
      const canvas = { images: [{ resource: { '@id': 'http://b.test/x.jpg', service } }] };
      const text = path.startsWith('/no')
        ? '{"items":[]}'
        : JSON.stringify({ sequences: [{ canvases: [canvas, {}] }] });
      return void socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
    }
    const isRefused = path.startsWith('/small') && path.includes('!');
    socket.write(isRefused ? 'HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n' : IMAGE, 'latin1');
  });
  const stage = stageFor({ connectTo } as never, { iiifSize: '512', perHostConcurrency: 1 });
  const results = await drain(stage, [
    'http://a.test/large/full/max/0/default.jpg',
    'http://a.test/small/info.json',
    'http://a.test/gone/full/full/0/default.jpg',
    'http://a.test/photo.pgm',
    'http://a.test/book/manifest.json',
    'http://a.test/no/manifest.json',
  ]);
  expect(
    Object.fromEntries(
      results.map(({ row, code, finalUrl, flags }) => [row.url, code ?? [finalUrl, ...(flags ?? [])]]),
    ),
  ).toEqual({
    'http://a.test/large/full/max/0/default.jpg': ['http://a.test/large/full/!512,512/0/default.jpg'],
    'http://a.test/small/info.json': ['http://a.test/small/full/max/0/default.jpg', 'mirror'],
    'http://a.test/gone/full/full/0/default.jpg': 'http_410',
    'http://a.test/photo.pgm': ['http://a.test/photo.pgm'],
    'http://a.test/book/manifest.json': ['http://b.test/large/full/!512,512/0/default.jpg', 'first_page'],
    'http://a.test/no/manifest.json': 'not_media',
  });
  expect(stage.stats().bodyBytesHeld).toBe(0);
  expect(asked).toHaveLength(8);
});
