import { expect, it } from 'vitest';
import { describeS3, testS3Gateway } from '../../support/s3-gateway.ts';
import { openTestStore } from './test-store.ts';

const MIB = 1024 * 1024;

describeS3('memory of uploads', () => {
  it('does not grow with the size of what is uploaded', async () => {
    const store = await openTestStore(await testS3Gateway(), 'data', { bufferBytes: 20 * MIB });
    const piece = Buffer.alloc(MIB, 7);
    const uploads = ['a', 'b', 'c'].map((key) => store.upload(key));
    const write = async (mebibytes: number): Promise<number> => {
      for (let left = mebibytes; left > 0; left -= uploads.length)
        await Promise.all(uploads.map((upload) => upload.write([piece])));
      return process.memoryUsage().rss;
    };
    const afterFew = await write(90);
    const afterMany = await write(510);
    // Three parts that are filled and four on their way are 35 MiB, which were there before.
    expect((afterMany - afterFew) / MIB).toBeLessThan(40);
    await Promise.all(uploads.map((upload) => upload.abort()));
  });
});
