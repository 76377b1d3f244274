import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { NoneDestination } from '../../../src/destination/none-destination.ts';

describe('none:', () => {
  it('counts and hashes like a folder and keeps nothing', async () => {
    const destination = new NoneDestination({ spillFolder: tmpdir() });
    const file = await (await destination.stage()).createFile('000000.tar');
    await file.write([Buffer.from('ab'), Buffer.from('c')]);
    const sha256 = createHash('sha256').update('abc').digest('hex');
    expect(await file.close()).toEqual({ name: '000000.tar', bytes: 3, sha256 });
    expect(destination.bytes).toBe(3);
    await expect(destination.readFile('000000.tar')).rejects.toMatchObject({ code: 'FDC_ERR_DEST_IO' });
  });
});
