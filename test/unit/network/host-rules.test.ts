import { describe, expect, it } from 'vitest';
import { HOST_PRESETS } from '../../../src/network/host-presets.ts';
import { createHostRules } from '../../../src/network/host-rules.ts';

const policyOf = createHostRules({
  hosts: {
    'img.example.com': { cMax: 1 },
    '*.Example.com': { cMax: 2 },
    'h?.test:8080': { cMax: 3 },
    'a.b': { cMax: 4 },
    '*.Bücher.example': { cMax: 5 },
    '[::1]:8080': { cMax: 6 },
    'Dotted.test.': { cMax: 7 },
    '0x7f.1': { cMax: 8 },
    'any.test:*': { cMax: 9 },
  },
});

it.each([
  ['img.example.com', 1],
  ['x.example.com', 2],
  ['x.y.example.com', 2],
  ['x.example.com:8443', 2],
  ['example.com', undefined],
  ['h1.test:8080', 3],
  ['h1.test', undefined],
  ['axb', undefined],
  ['img.xn--bcher-kva.example', 5],
  ['[::1]:8080', 6],
  ['[::1]', undefined],
  ['dotted.test', 7],
  ['dotted.test.:8080', 7],
  ['a.b.', 4],
  ['127.0.0.1', 8],
  ['any.test:81', 9],
  ['evil-example.com', undefined],
  ['x.example.com.evil.test', undefined],
])('%s', (host, cMax) => {
  expect(policyOf(host).cMax).toBe(cMax);
});

describe('presets', () => {
  it('what the user says of a host wins, what he leaves open stays as the host asks', () => {
    const rules = createHostRules({ hosts: { '*.wikimedia.org': { cMax: 7, timeoutMs: 9 } }, hostPresets: true });
    expect(rules('upload.wikimedia.org')).toMatchObject({ cMax: 7, timeoutMs: 9, bytesPerSecond: 3_125_000 });
    expect(rules('api.gbif.org')).toMatchObject({ cMax: 1, preset: { source: expect.stringMatching(/^https:/) } });
    expect(rules('a.test')).toEqual({});
  });

  it('are off where nobody has asked for them', () => {
    expect(createHostRules({ hosts: {} })('upload.wikimedia.org')).toEqual({});
  });

  it('each names a page of the owner, what it asks, and limits something', () => {
    for (const { globs, rule, asks, source } of HOST_PRESETS) {
      expect(globs.length, source).toBeGreaterThan(0);
      expect(Object.keys(rule).length, source).toBeGreaterThan(0);
      expect(asks).not.toBe('');
      expect(URL.canParse(source), source).toBe(true);
    }
  });
});
