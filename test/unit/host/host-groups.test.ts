import { expect, it } from 'vitest';
import { registrableDomain } from '../../../src/host/host-groups.ts';

it.each([
  ['img1.example.co.uk', 'example.co.uk'],
  ['example.org', 'example.org'],
  ['static.example.org:8080', 'example.org'],
  ['someone.github.io', 'github.io'],
  ['127.0.0.1', '127.0.0.1'],
  ['10.0.0.1:9000', '10.0.0.1:9000'],
  ['[2001:db8::1]:80', '[2001:db8::1]:80'],
  ['a.shop.internal', 'a.shop.internal'],
  ['localhost', 'localhost'],
  ['co.uk', 'co.uk'],
  ['!invalid', '!invalid'],
  ['s3://img.example.co.uk', 's3://img.example.co.uk'],
])('%s belongs to %s', (host, group) => {
  expect(registrableDomain(host)).toBe(group);
});
