import { expect, it } from 'vitest';
import { resolveConfig } from '../../../src/config/resolve.ts';

it('a store is reached by keys, and parts of uploads have the least size that stores take', () => {
  expect(resolveConfig({ s3_endpoint: 'https://s3.example.org:9000', s3_region: 'auto' }).store).toMatchObject({
    endpoint: 'https://s3.example.org:9000',
    region: 'auto',
    partBytes: 5 * 1024 * 1024,
  });
});

it.each(['s3.example.org', 'https://AKIA:hush@s3.example.org', 'https://s3.example.org/?X-Amz-Signature=hush'])(
  'an endpoint is a URL without credentials: not %s',
  (endpoint) => {
    const refused = (): string => {
      try {
        return JSON.stringify(resolveConfig({ s3_endpoint: endpoint }));
      } catch (error) {
        return `${(error as Error).message} ${JSON.stringify(error)}`;
      }
    };
    expect(refused()).toContain('s3_endpoint: expected a URL such as https://s3.example.org');
    expect(refused()).not.toContain('hush');
  },
);
