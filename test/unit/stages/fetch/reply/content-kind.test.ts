import { describe, expect, it } from 'vitest';
import { readImage } from '../../../../../src/image/image-reader.ts';
import { type ContentKind, contentKind, ownImage } from '../../../../../src/stages/fetch/reply/content-kind.ts';
import { IMAGES } from '../../../../support/image-mutator.ts';

function kindOf(head: Buffer, header: string | undefined): ContentKind {
  return contentKind(ownImage(readImage([head]), head), head, header);
}

const bytes = (...values: (number | string)[]): Buffer =>
  Buffer.concat(values.map((v) => (typeof v === 'string' ? Buffer.from(v) : Buffer.from([v]))));
const PAD = '\0'.repeat(64);

describe('bytes with a signature are what they are, whatever the reply says', () => {
  it.each([
    ['jpeg', bytes(0xff, 0xd8, 0xff, 0xe0, PAD), 'image/jpeg', 'jpg', true],
    ['png', bytes(0x89, 'PNG\r\n', 0x1a, '\n', PAD), 'image/png', 'png', true],
    ['gif', bytes('GIF89a', PAD), 'image/gif', 'gif', true],
    ['webp', bytes('RIFF', PAD.slice(0, 4), 'WEBPVP8 ', PAD), 'image/webp', 'webp', true],
    ['wav', bytes('RIFF', PAD.slice(0, 4), 'WAVEfmt ', PAD), 'audio/wav', 'wav', true],
    ['pdf', bytes('%PDF-1.7\n', PAD), 'application/pdf', 'pdf', false],
    ['gzip', bytes(0x1f, 0x8b, 8, 0, PAD), 'application/gzip', 'gz', false],
  ])('%s', (_name, head, contentType, extension, isMedia) => {
    expect(kindOf(head, 'text/html')).toEqual({ contentType, extension, isMedia });
  });
});

describe('text that poses as an image is no image', () => {
  it.each([
    ['a page', '<!DOCTYPE html><html>'],
    ['a page after white space', '\n\n  <html lang="en">'],
    ['a page with a byte order mark', '\ufeff<html>'],
    ['a page without a doctype', '<div>x</div><body class="a">'],
    ['a page that starts with a comment and draws an svg', '<!-- x --><html><svg></svg>'],
    ['json', '{"error": "gone"}'],
    ['an empty list', '[]'],
    ['xml', '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'],
    ['plain words', 'Not found\n'],
    ['words in other alphabets', 'Страница не найдена'],
    ['a fragment in UTF-8', '<p>Página não encontrada</p>'],
  ])('%s', (_name, text) => {
    expect(kindOf(Buffer.from(text), 'image/jpeg').isMedia).toBe(false);
  });

  it('a character that the sniffed part cuts in two does not make it binary', () => {
    const head = Buffer.from('é'.repeat(2050)).subarray(0, 4099);
    expect(kindOf(head, 'image/jpeg')).toMatchObject({ extension: 'plain', isMedia: false });
  });
});

describe('text is no media for the letters that it begins with, or holds', () => {
  it.each([
    'Not free, error 402',
    'The free plan has been used up',
    'Too wide',
    '<!--free--><html><body>404</body></html>',
    'P1 2nd floor: file not found',
    'P5 #404 not found',
    'MAC address blocked',
    'DDS error: no such file',
    'FLIF error',
    'BLP1 error',
    'qoif not supported',
    'ID3 tag missing',
    '.snd error',
    'MP+ error',
    'IIROW error page',
    'GIF89a is not to be had here',
    '<div><svg width="1"></svg>no</div>',
    '<!-- x --><!doctype html><p>no<svg ></svg>',
    '<?xml version="1.0"?><Error>denied <svg ></Error>',
    '<p>\0</p>',
    ' \n \n',
    'Fichier refus\xe9, le format GIF89a',
    "<html>Acc\xe8s refus\xe9, GIF89a n'est pas disponible</html>",
  ])('%j', (text) => {
    for (const header of ['image/jpeg', 'video/mp4', 'audio/mpeg', 'text/plain'])
      expect(kindOf(Buffer.from(text, 'latin1'), header)).toMatchObject({ isMedia: false });
  });

  it.each(['\ufeff<html><body>error</body></html>', '<html><body>error</body></html>'])('in UTF-16: %j', (text) => {
    const little = Buffer.from(text, 'utf16le');
    for (const page of [little, Buffer.from(little).swap16()])
      expect(kindOf(page, 'audio/ogg')).toEqual({ contentType: 'text/html', extension: 'html', isMedia: false });
  });
});

describe('what begins with letters and goes on as it must is media', () => {
  it.each([
    ['P1\n# a comment\n2 2\n0 1 1 0\n', 'pbm'],
    ['P5 1 1 255 \x04', 'pgm'],
    ['P7\nWIDTH 2\nHEIGHT 2\n', 'pam'],
    [`SIMPLE  =${' '.repeat(20)}T / a comment`, 'fits'],
    ['#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n', 'hdr'],
    ['\0\0\0\x08wide\0\0\x10\0mdat', 'mov'],
    ['\x12\x34\0\0mdat\x01\x02', 'mov'],
    ['MAC \x96\x0f\0\0', 'ape'],
    ['ID3\x03\0\0\0\0\0\x0a', 'mp3'],
    ['qoif\0\0\0\x01\0\0\0\x01\x03\0', 'qoi'],
  ])('%j', (text, extension) => {
    expect(kindOf(Buffer.from(text, 'latin1'), 'text/plain')).toMatchObject({ extension, isMedia: true });
  });
});

describe('svg', () => {
  it.each([
    '<svg xmlns="http://www.w3.org/2000/svg">',
    '<?xml version="1.0"?>\n<!-- Generator: x -->\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd" [ <!ENTITY a "b"> ]>\n<svg>',
    `<!-- ${'long '.repeat(200)} --><svg width="1">`,
  ])('%s', (text) => {
    expect(kindOf(Buffer.from(text), undefined)).toEqual({
      contentType: 'image/svg+xml',
      extension: 'svg',
      isMedia: true,
    });
  });
});

describe('an image behind other bytes', () => {
  const jpeg = IMAGES.get('baseline.jpg') as Buffer;

  it('is one all the same', () => {
    const head = Buffer.concat([Buffer.from('<br />\nWarning: something\n'), jpeg]);
    expect(kindOf(head, 'image/jpeg')).toMatchObject({ contentType: 'image/jpeg', isMedia: true });
  });

  it.each([
    ['a sound with its cover', 'ID3\x03\0\0APIC', 'audio/mpeg'],
    ['a document with a picture', '%PDF-1.7\n', 'application/pdf'],
  ])('does not make an image of %s', (_name, start, contentType) => {
    expect(kindOf(Buffer.concat([Buffer.from(start), jpeg]), 'image/jpeg')).toMatchObject({ contentType });
  });

  it('does not make an image of a page about images', () => {
    const page = Buffer.from('<html><p>A GIF begins with GIF89a and goes on for some while</p></html>');
    expect(kindOf(page, 'image/gif')).toMatchObject({ contentType: 'text/html', isMedia: false });
  });
});

describe('without a signature', () => {
  it.each([
    ['image/x-tga', 'bin', false],
    ['image/jpeg', 'bin', false],
    ['image/unheard-of', 'bin', false],
    ['Audio/MPEG; charset=x', 'mp3', true],
    ['video/unheard-of', 'bin', true],
    ['application/octet-stream', 'bin', false],
    [undefined, 'bin', false],
  ])('only sound and video are believed by the reply’s word: %s', (header, extension, isMedia) => {
    expect(kindOf(bytes(1, 2, 3, 0, 5, 0xfe), header)).toMatchObject({ extension, isMedia });
  });

  it('a TGA is one when its header makes sense and the reply says image', () => {
    const tga = bytes(0, 0, 2, PAD.slice(0, 9), 16, 0, 8, 0, 24, 0, PAD);
    expect(kindOf(tga, 'image/x-tga')).toEqual({ contentType: 'image/x-tga', extension: 'tga', isMedia: true });
    expect(kindOf(tga, undefined)).toMatchObject({ isMedia: false });
  });
});

it('bytes made to confuse a parser are data, not an error', () => {
  const asf = Buffer.alloc(4100);
  Buffer.from([0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11, 0xa6, 0xd9]).copy(asf);
  expect(kindOf(asf, 'image/jpeg')).toMatchObject({ contentType: 'video/x-ms-asf' });
});

it('no bytes at all are nothing', () => {
  expect(kindOf(Buffer.alloc(0), undefined)).toMatchObject({ isMedia: false });
});
