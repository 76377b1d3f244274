import { once } from 'node:events';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import {
  ATTRIBUTES,
  BLOCK_BYTES,
  isPlain,
  unusualHeader,
  writeHeader,
} from '../../../../src/stages/sink/tar-header.ts';

async function libraryHeader(name: string, size: number, mtime: number): Promise<Buffer> {
  const packer = pack();
  const blocks: Buffer[] = [];
  packer.on('data', (block) => blocks.push(block as Buffer));
  const entry = packer.entry({ name, size, mtime: new Date(mtime * 1000), ...ATTRIBUTES });
  entry.end(Buffer.alloc(size));
  packer.finalize();
  await once(packer, 'end');
  const whole = Buffer.concat(blocks);
  return whole.subarray(0, whole.length - 1024 - Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES);
}

describe('the header of a tar entry', () => {
  it('is what tar-stream writes, for any plain name, size and time', async () => {
    const names = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._/-]{0,97}[a-z0-9]$/);
    await fc.assert(
      fc.asyncProperty(names, fc.nat(200_000), fc.nat(0x7fffffff), async (name, size, mtime) => {
        const block = Buffer.alloc(BLOCK_BYTES + 7, 0xff);
        expect(isPlain(name, size)).toBe(true);
        writeHeader(block, 7, name, size, mtime);
        expect(block.subarray(7)).toEqual(await libraryHeader(name, size, mtime));
      }),
      { numRuns: 200 },
    );
  });

  it.each(['Süßes/ñandú.jpg', `${'long/'.repeat(40)}name.jpg`, '漢字'.repeat(60)])(
    'of a name that needs an extension is left to tar-stream: %s',
    async (name) => {
      expect(isPlain(name, 700)).toBe(false);
      expect(await unusualHeader(name, 700, 946_684_800)).toEqual(await libraryHeader(name, 700, 946_684_800));
    },
  );
});
