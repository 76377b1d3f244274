import { expect, it } from 'vitest';
import { PictureBook } from '../../../src/serve/watch/picture-book.ts';
import { publish } from '../../../src/telemetry/channels.ts';

const PNG = Buffer.from('\x89PNG\r\n\x1a\n and so on', 'latin1');

it('the last pictures are kept by what their bytes are, a page that calls itself one is not, and not for ever', () => {
  const book = new PictureBook();
  try {
    for (const text of ['<svg onload="alert(1)"/>', '<html>', 'GIF', ''])
      publish('flow-dc:picture', () => ({ bytes: Buffer.from(text) }));
    expect(book.numbers).toEqual([]);
    for (let i = 0; i < 100; i += 1) publish('flow-dc:picture', () => ({ bytes: PNG }));
    expect(book.numbers).toHaveLength(24);
    expect(book.numbers[0]).toBe(100);
    expect(book.picture(100)).toEqual({ type: 'image/png', bytes: PNG });
    expect(book.picture(1)).toBeUndefined();
  } finally {
    book.close();
  }
  publish('flow-dc:picture', () => ({ bytes: PNG }));
  expect(book.numbers[0]).toBe(100);
});
