import { describe, expect, it } from 'vitest';
import { type ImageName, sampleExtension } from '../../../../src/dataset/naming/image-name.ts';

const TYPES = [
  ['image/jpeg', 'jpg'],
  ['image/png', 'png'],
  ['image/webp', 'webp'],
  ['image/gif', 'gif'],
  ['image/avif', 'avif'],
  ['image/heic', 'heic'],
  ['image/x-icon', 'ico'],
  ['image/svg+xml', 'svg'],
  ['image/tiff', 'tif'],
  ['video/mp4', 'mp4'],
] as const;

const named = (images: ImageName): string[] =>
  TYPES.map(([contentType, extension]) => sampleExtension({ contentType, extension }, images));

describe('the extension of a stored sample', () => {
  it('is jpg for what every loader decodes, and no image of another type is called so', () => {
    expect(named('common')).toEqual(['jpg', 'jpg', 'jpg', 'gif', 'avif', 'heic', 'ico', 'svg', 'tif', 'mp4']);
  });

  it('is jpg for every image, or its own, where that is asked for', () => {
    expect(named('jpg')).toEqual([...new Array(9).fill('jpg'), 'mp4']);
    expect(named('content')).toEqual(TYPES.map(([, extension]) => extension));
    expect(sampleExtension({}, 'common')).toBe('bin');
  });
});
