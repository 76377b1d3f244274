import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { keysAsBegun, withBegun } from '../../../src/job/as-begun.ts';
import { identity } from './fixtures/identity.ts';

describe('a job that another version has begun', () => {
  it('goes on with the names that it gave then, whatever the default is now', () => {
    const config = resolveConfig({});
    expect(config.sink.imageName).toBe('common');
    const begun = keysAsBegun(identity, {});
    expect(withBegun(config, begun).sink).toMatchObject({ imageName: 'jpg', outputFormat: 'webdataset' });
    expect(resolveConfig(begun).sink.imageName).toBe('jpg');
  });

  it('is compared with what somebody asks for', () => {
    expect(keysAsBegun(identity, { image_name: 'content' })).not.toHaveProperty('image_name');
  });
});
