import { expect, it } from 'vitest';
import { hostOf, parseUrl } from '../../../src/host/host.ts';

it('names the host of an international URL the same however often it is asked', () => {
  // Enough calls for the runtime to optimise what it calls.
  const hosts = new Set(Array.from({ length: 30_000 }, () => hostOf('http://bücher.example/ü.jpg')));
  expect([...hosts]).toEqual(['xn--bcher-kva.example']);
});

it.each(['', 'nothing', 'http://', 'http://ex ample.org/', 'http://a\u00a0b.org/', '/only/a/path'])(
  '%j is no URL',
  (url) => {
    expect(parseUrl(url)).toBeUndefined();
    expect(hostOf(url)).toBe('!invalid');
  },
);

it('resolves a relative reference', () => {
  expect(parseUrl('../ü.jpg', 'http://bücher.example/a/b')?.href).toBe('http://xn--bcher-kva.example/%C3%BC.jpg');
});
