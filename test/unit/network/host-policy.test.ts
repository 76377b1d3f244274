import { expect, it } from 'vitest';
import { createHostPolicies } from '../../../src/network/request-headers.ts';

const policyOf = createHostPolicies({
  'img.example.com': { cMax: 1 },
  '*.Example.com': { cMax: 2 },
  'h?.test:8080': { cMax: 3 },
  'a.b': { cMax: 4 },
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
  ['evil-example.com', undefined],
  ['x.example.com.evil.test', undefined],
])('%s', (host, cMax) => {
  expect(policyOf(host).cMax).toBe(cMax);
});
