import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeptBytes } from '../../../src/run/kept-input.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** Whether bytes are taken for those that were kept, in pieces of `size`. */
async function compare(kept: Buffer, now: Buffer, size: number, whole: boolean): Promise<boolean> {
  const path = join(await tempFolder(), 'stdin');
  await writeFile(path, kept);
  const bytes = await KeptBytes.open(path);
  const pieces = Array.from({ length: Math.ceil(now.length / size) }, (_, i) => now.subarray(i * size, (i + 1) * size));
  try {
    if (whole) await bytes.checkAll(Readable.from(pieces));
    else for (const piece of pieces) await bytes.check(piece);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'FDC_ERR_JOB_MISMATCH' });
    return false;
  } finally {
    await bytes.close();
  }
}

describe('bytes of a pipe that were kept', () => {
  it('are the same, or go on, or are others, however they come', async () => {
    const bytes = fc.uint8Array({ maxLength: 40, max: 2 }).map((values) => Buffer.from(values));
    await fc.assert(
      fc.asyncProperty(bytes, bytes, fc.integer({ min: 1, max: 9 }), async (kept, more, size) => {
        const longer = Buffer.concat([kept, more]);
        expect(await compare(kept, longer, size, false)).toBe(true);
        expect(await compare(kept, longer, size, true)).toBe(more.length === 0);
        const common = Math.min(kept.length, more.length);
        const isSame = kept.subarray(0, common).equals(more.subarray(0, common));
        expect(await compare(kept, more, size, false)).toBe(isSame);
        expect(await compare(kept, more, size, true)).toBe(kept.equals(more));
      }),
      { numRuns: 30 },
    );
  });
});
