import { describe, expect, it } from 'vitest';
import { otherExtension } from '../../../../src/stages/fetch/other-extension.ts';

/** Every URL that is tried, in its order. */
function allOf(url: string, extensions: readonly string[]): string[] {
  const found: string[] = [];
  let tried = 0;
  for (;;) {
    const other = otherExtension(new URL(url), extensions, tried);
    if (other === undefined) return found;
    tried = other.tried;
    found.push(other.url.href);
  }
}

describe('otherExtension', () => {
  it.each([
    [
      'http://a.test/photos/1/original.jpg',
      ['http://a.test/photos/1/original.jpeg', 'http://a.test/photos/1/original.png'],
    ],
    [
      'http://a.test/1.PNG?size=2#x',
      ['http://a.test/1.jpeg?size=2#x', 'http://a.test/1.jpg?size=2#x', 'http://a.test/1.png?size=2#x'],
    ],
    ['http://a.test/v1.2/photo', []],
    ['http://a.test/photo.', []],
    ['http://a.test/', []],
  ])('%s is tried with the others of the list, in its order', (url, urls) => {
    expect(allOf(url, ['jpeg', '.jpg', 'png'])).toEqual(urls);
  });
});
