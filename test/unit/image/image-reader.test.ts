import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIXED_STEPS, STEPS_PER_BYTE } from '../../../src/image/formats/byte-feed.ts';
import { ImageReader, MOST_BEFORE, readImage } from '../../../src/image/image-reader.ts';
import { seededRandom } from '../../../src/structures/seeded-random.ts';
import { IMAGES, inPieces, mutatedImage } from '../../support/image-mutator.ts';

const SIZES: readonly (readonly [files: RegExp, format: string, width: number, height: number])[] = [
  [/jpg$/, 'jpeg', 48, 32],
  [/png$/, 'png', 16, 8],
  [/gif$/, 'gif', 48, 32],
  [/webp$/, 'webp', 48, 32],
  [/^bits.*bmp$/, 'bmp', 48, 32],
  [/^(rgb|palette).*bmp$/, 'bmp', 24, 16],
  [/^raw.*tiff$/, 'tiff', 24, 16],
  [/^(strips|deflate|pages|big).*tiff$/, 'tiff', 16, 8],
  [/avif$/, 'avif', 48, 32],
  [/heic$/, 'heic', 48, 32],
  [/ico$/, 'ico', 32, 32],
  [/icns$/, 'icns', 64, 64],
];
const ALL = [...IMAGES].map(([name, bytes]) => ({ name, bytes }));

function image(name: string): Buffer {
  return IMAGES.get(name) as Buffer;
}

describe('an image', () => {
  it.for(ALL)('$name has the format and size that its encoder was given, and is whole', ({ name, bytes }) => {
    const [, format, width, height] = SIZES.find(([files]) => files.test(name)) ?? [];
    const facts = { format, width, height, wholeness: 'whole', flaw: undefined, before: 0, behind: 0 };
    expect(readImage([bytes])).toEqual(facts);
  });

  it.for(ALL)('$name is not whole when it ends anywhere before its end', ({ bytes }) => {
    const whole = readImage([bytes]);
    for (let end = 30; end < bytes.length; end += 1) {
      const facts = readImage([bytes.subarray(0, end)]);
      expect([end, facts?.format, facts?.wholeness]).toEqual([end, whole?.format, 'cut']);
      expect([undefined, whole?.width]).toContain(facts?.width);
    }
  });

  it.for(ALL.filter(({ name }) => /png|jpg|gif|webp/.test(name)))(
    '$name is found behind a warning and before a page, and both are measured',
    ({ bytes }) => {
      const warning = Buffer.from('<br />\n<b>Warning</b>: something in /var/www on line 3<br />\n');
      const page = Buffer.from('<html>');
      const whole = readImage([bytes]);
      const facts = readImage([warning, bytes, page]);
      expect(facts).toEqual({ ...whole, before: warning.length, behind: page.length });
    },
  );

  it('is an AVIF also under the general brand, when it says so beside it', () => {
    const avif = Buffer.from(image('quality.avif'));
    avif.write('mif1', 8, 'latin1');
    expect(readImage([avif])).toMatchObject({ format: 'avif', width: 48, height: 32, wholeness: 'whole' });
  });

  it('is not looked for behind more than some bytes', () => {
    const at = (before: number) => readImage([Buffer.alloc(before, 0x20), image('rgb.png')])?.before;
    expect([at(MOST_BEFORE), at(MOST_BEFORE + 1000)]).toEqual([MOST_BEFORE, undefined]);
  });

  it.for(['', 'BM', 'BMW is a car, and no picture', 'RIFF', '\0garbage', '<html></html>', 'icn', 'II*'])(
    'is not seen in %o',
    (text) => {
      expect(readImage([Buffer.from(text)])).toBeUndefined();
    },
  );
});

describe('an image is garbled', () => {
  it('when a byte of a PNG is another one', () => {
    for (const at of [...image('animated.png').keys()].slice(8)) {
      const bytes = Buffer.from(image('animated.png'));
      bytes[at] = (bytes[at] as number) ^ 0x55;
      expect([at, ['garbled', 'cut']]).toEqual([at, expect.arrayContaining([readImage([bytes])?.wholeness])]);
    }
  });

  it('when a scan of a JPEG has other bytes in it', () => {
    const random = seededRandom(7);
    const noise = Buffer.from(Array.from({ length: 4000 }, () => random() * 256));
    const jpeg = image('baseline.jpg');
    const at = jpeg.length - 20;
    const facts = readImage([jpeg.subarray(0, at), noise, jpeg.subarray(at)]);
    expect(facts).toMatchObject({ width: 48, height: 32, wholeness: 'garbled' });
    expect(facts?.flaw?.at).toBeGreaterThanOrEqual(at);
    expect(facts?.flaw?.at).toBeLessThan(at + 4000);
  });

  it('when a restart of a JPEG is not the next one', () => {
    const jpeg = Buffer.from(image('restarts.jpg'));
    jpeg[jpeg.indexOf(Buffer.from([0xff, 0xd0])) + 1] = 0xd1;
    expect(readImage([jpeg])).toMatchObject({ wholeness: 'garbled', flaw: { what: 'a restart out of its order' } });
  });

  it('when an entry of an ICNS has no length: its reader comes to an end', () => {
    const bytes = Buffer.alloc(64);
    bytes.write('icns');
    bytes.writeUInt32BE(64, 4);
    bytes.write('ICON', 8);
    expect(readImage([bytes])).toMatchObject({ format: 'icns', width: undefined, wholeness: 'garbled' });
  });

  it.for<[string, number, (bytes: Buffer) => void]>([
    ['rgb.png', 8, (bytes) => bytes.fill(0xff, 16, 24)],
    ['rgb.png', 8, (bytes) => bytes.writeUInt32BE(2 ** 31, 20)],
    ['rgb.bmp', 0, (bytes) => bytes.writeInt32LE(-(2 ** 31), 22)],
  ])('when a side of %s is longer than 2^31-1 pixels, with the place and without a size', ([name, at, change]) => {
    const bytes = Buffer.from(image(name));
    change(bytes);
    const flaw = { at, what: 'a size that no picture has' };
    expect(readImage([bytes])).toMatchObject({ width: undefined, height: undefined, wholeness: 'garbled', flaw });
  });

  it('when a side of a BigTIFF or of a HEIC is that long', () => {
    const big = Buffer.alloc(16 + 8 + 20 + 20 + 8);
    big.write('II\x2b\0\x08', 'latin1');
    const numbers: [at: number, value: bigint][] = [
      [8, 16n],
      [16, 2n],
      [24, 256n + (16n << 16n) + (1n << 32n)],
      [36, 2n ** 60n],
      [44, 257n + (16n << 16n) + (1n << 32n)],
      [56, 2n ** 64n - 1n],
    ];
    for (const [at, value] of numbers) big.writeBigUInt64LE(value, at);
    const heic = Buffer.from(image('quality.avif'));
    heic.fill(0xff, heic.indexOf('ispe') + 8, heic.indexOf('ispe') + 16);
    for (const bytes of [big, heic]) {
      const facts = readImage([bytes]);
      expect(facts).toMatchObject({ width: undefined, height: undefined, wholeness: 'garbled' });
      expect(facts?.flaw).toMatchObject({ at: expect.any(Number), what: 'a size that no picture has' });
    }
  });

  it('when it ends without a size', () => {
    const gif = Buffer.from('GIF89a\0\0\0\0\0\0\0,\0\0\0\0\0\0\0\0\0\x02\0;', 'latin1');
    const facts = readImage([gif]);
    expect(facts).toMatchObject({ width: undefined, wholeness: 'garbled' });
    expect(facts?.flaw).toEqual({ at: gif.length, what: 'a picture without a size' });
  });

  it('when its directories lead in a circle', () => {
    const bytes = Buffer.from(image('raw.tiff'));
    const directory = bytes.readUInt32LE(4);
    bytes.writeUInt32LE(directory, directory + 2 + 12 * bytes.readUInt16LE(directory));
    expect(readImage([bytes])).toMatchObject({ format: 'tiff', width: 24, wholeness: 'whole' });
  });
});

describe('whatever the bytes are', () => {
  const seeds = fc.integer({ min: 0, max: 2 ** 31 });

  it('their cuts change nothing, and the steps are at most so many per byte', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = seededRandom(seed);
        const draw = (below: number): number => Math.floor(random() * below);
        const bytes = mutatedImage(draw);
        const readers = [[bytes], inPieces(bytes, draw), Array.from(bytes, (byte) => Buffer.from([byte]))].map(
          (pieces) => {
            const reader = new ImageReader();
            for (const piece of pieces) reader.add(piece);
            return reader;
          },
        );
        const [first, ...others] = readers.map((reader) => reader.end());
        for (const other of others) expect(other).toEqual(first);
        for (const { steps } of readers) expect(steps).toBeLessThanOrEqual(FIXED_STEPS + STEPS_PER_BYTE * bytes.length);
        expect(first?.flaw?.what ?? '').not.toMatch('steps');
      }),
      { numRuns: 500 },
    );
  });

  it('noise behind any signature ends too', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ALL), fc.uint8Array({ maxLength: 3000 }), fc.nat(40), ({ bytes }, noise, from) => {
        const reader = new ImageReader();
        reader.add(bytes.subarray(0, from));
        reader.add(Buffer.from(noise));
        reader.end();
        expect(reader.steps).toBeLessThanOrEqual(FIXED_STEPS + STEPS_PER_BYTE * (from + noise.length));
      }),
    );
  });
});
