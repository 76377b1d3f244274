import { expect, it } from 'vitest';
import { Encoder } from '../../../src/split/encoder.ts';

it('encoding threads that were stopped begin nothing, and keep nobody waiting', async () => {
  const encoder = new Encoder(1);
  await encoder.stop();
  await expect(encoder.close(0, 'never.parquet')).rejects.toThrow('the encoder was stopped');
  await expect(encoder.settle()).rejects.toThrow('the encoder was stopped');
});

it('encoding threads that are stopped in the same breath do not begin', async () => {
  const encoder = new Encoder(1);
  const closing = encoder.close(0, 'never.parquet');
  await Promise.all([encoder.stop(), expect(closing).rejects.toThrow('the encoder was stopped')]);
});
