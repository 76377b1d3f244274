import { describe, expect, it } from 'vitest';
import { iiifUrls } from '../../../../src/stages/fetch/iiif.ts';
import { firstPicture, isIiifManifest } from '../../../../src/stages/fetch/iiif-manifest.ts';

const BASE = 'https://iiif.example.org/iiif/2/ark%3A%2F65665%2Fm3';

describe('a picture of the IIIF Image API', () => {
  it.each([
    ['full/full/0/default.jpg', '1024', 'full/!1024,1024/0/default.jpg'],
    ['full/max/0/default.jpg', '800,', 'full/800,/0/default.jpg'],
    ['full/1200,/0/native.jpg', 'pct:50', 'full/pct:50/0/native.jpg'],
    ['square/^max/!90/gray.png?k=1', ',600', 'square/,600/!90/gray.png?k=1'],
    ['10,20,300,400/!90,90/0/default.webp', '64', '10,20,300,400/!64,64/0/default.webp'],
    ['pct:0,0,50,50/full/22.5/color.tif', 'max', 'pct:0,0,50,50/max/22.5/color.tif'],
    ['full/%2190%2C90/0/default.jpg', '64', 'full/!64,64/0/default.jpg'],
  ])('%s is asked for in size %s, and as it is where it is not to be had so', (path, size, sized) => {
    expect(iiifUrls(`${BASE}/${path}`, size)).toEqual([`${BASE}/${sized}`, `${BASE}/${path}`]);
  });

  it('that has the size already is asked for once', () => {
    expect(iiifUrls(`${BASE}/full/800,/0/default.jpg`, '800,')).toEqual([`${BASE}/full/800,/0/default.jpg`]);
  });

  it('is what its info.json speaks of', () => {
    const url = (size: string) => `${BASE}/full/${size}/0/default.jpg`;
    expect(iiifUrls(`${BASE}/info.json`, '512')).toEqual([url('!512,512'), url('max'), url('full')]);
    expect(iiifUrls(`${BASE}/info.json`, 'max')).toEqual([url('max'), url('full')]);
  });

  it.each([
    'https://a.example.org/full/0/default.jpg',
    'https://a.example.org/photos/full/large/0/default.jpg',
    'https://a.example.org/full/max/0/photo.jpg',
    'https://a.example.org/data.json',
    'ftp://a.example.org/x/full/max/0/default.jpg',
    `https://a.example.org/${'full/max/0/'.repeat(20_000)}`,
    '',
  ])('is none where the URL is another: %.80s', (url) => {
    expect(iiifUrls(url, '512')).toBeUndefined();
  });
});

describe('a manifest of the IIIF Presentation API', () => {
  const id = 'https://i.example.org/p.jpg';
  const service = [{ id: 'https://i.example.org/s/', type: 'ImageService3' }];
  const v3 = (body: unknown, pages = 1) => ({
    items: Array.from({ length: pages }, () => ({ items: [{ items: [{ body }] }] })),
  });
  const v2 = (resource: unknown) => ({ sequences: [{ canvases: [{ images: [{ resource }] }] }] });
  const found = { service: 'https://i.example.org/s', picture: id, pages: 1 };

  it.each([
    [v3({ id, service }), found],
    [v3([{ id, service }], 3), { ...found, pages: 3 }],
    [v3({ type: 'Choice', items: [{ id, service }] }), found],
    [v3({ id }), { ...found, service: undefined }],
    [v2({ '@id': id, service: { '@id': 'https://i.example.org/s' } }), found],
    [v2({ '@type': 'oa:Choice', default: { '@id': id } }), { ...found, service: undefined }],
    [v3({ id: 'file:///etc/passwd', service: 5 }), undefined],
    [{ items: [null] }, undefined],
    [[], undefined],
  ])('has a first picture, or none: %j', (manifest, picture) => {
    expect(firstPicture(JSON.stringify(manifest))).toEqual(picture);
  });

  it('is what its URL says and its text is', () => {
    expect(firstPicture('<html>')).toBeUndefined();
    expect(firstPicture('['.repeat(100_000))).toBeUndefined();
    expect(['https://a.org/b/manifest', 'https://a.org/b/manifest.json?x=1'].every(isIiifManifest)).toBe(true);
    expect(['https://a.org/b/manifest.jpg', 'https://a.org/manifesto'].some(isIiifManifest)).toBe(false);
  });
});
