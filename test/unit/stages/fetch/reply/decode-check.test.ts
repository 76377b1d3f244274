import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { drawJpeg } from '../../../../../src/demo-hosts/jpeg-and-gif.ts';
import { drawPng, drawWebp } from '../../../../../src/demo-hosts/png-and-webp.ts';
import type { Acceptance } from '../../../../../src/stages/fetch/reply/accept-body.ts';
import type { CollectedBody } from '../../../../../src/stages/fetch/reply/body-collector.ts';
import { DecodeCheck, sharpDecode } from '../../../../../src/stages/fetch/reply/decode-check.ts';

const shade = (square: number): number => (square % 16) / 16;
const held: CollectedBody = {
  ...{ pieces: [Buffer.from('x')], spilled: undefined, size: 1, head: undefined, sha256: undefined },
  ...{ image: undefined, reservedBytes: 1 },
};

function accepted(contentType: string, extension: string, flags: readonly string[] = []): Acceptance {
  const of = { contentType, extension, sha256: 'aa', hashMs: 0, width: 1, height: 1, flags };
  return { ok: true, accepted: of, held };
}

describe('an image that is decoded before it is stored', () => {
  const broken = new DecodeCheck(async () => 'bad blocks', false);

  it('is not whole when it does not decode, or is stored with a flag where that is wanted', async () => {
    const jpeg = accepted('image/jpeg', 'jpg');
    const message = 'image/jpeg: does not decode: bad blocks';
    expect(await broken.check(jpeg)).toEqual({ ok: false, code: 'not_whole', message, held });
    const keeping = new DecodeCheck(async () => 'bad blocks', true);
    expect(await keeping.check(jpeg)).toEqual(accepted('image/jpeg', 'jpg', ['broken']));
    expect(await keeping.check(accepted('image/jpeg', 'jpg', ['broken']))).toMatchObject({
      accepted: { flags: ['broken'] },
    });
  });

  it('is stored as it is when it decodes, also when it came as a promise', async () => {
    const check = new DecodeCheck(async () => undefined, false);
    const jpeg = accepted('image/jpeg', 'jpg');
    expect(await check.check(jpeg)).toBe(jpeg);
    expect(await check.check(Promise.resolve(jpeg))).toBe(jpeg);
  });

  it('is said to be unchecked where no decoder is there for its type; what is no image is none of its business', () => {
    expect(broken.check(accepted('image/x-icon', 'ico'))).toEqual(accepted('image/x-icon', 'ico', ['unchecked']));
    const sound = accepted('audio/mpeg', 'mp3');
    expect(broken.check(sound)).toBe(sound);
    const refused: Acceptance = { ok: false, code: 'empty_body', message: '', held };
    expect(broken.check(refused)).toBe(refused);
  });

  it('waits for its turn: two are decoded at a time', async () => {
    let [running, most] = [0, 0];
    const ends: (() => void)[] = [];
    const check = new DecodeCheck(async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => ends.push(resolve));
      running -= 1;
      return undefined;
    }, false);
    const all = Promise.all(Array.from({ length: 7 }, () => check.check(accepted('image/png', 'png'))));
    for (let ended = 0; ended < 7; ended += 1) {
      while (ends.length === 0) await Promise.resolve();
      (ends.shift() as () => void)();
    }
    await all;
    expect(most).toBe(2);
  });
});

/** A valid file by its chunks and sums, as far as our own reader looks; its pixels are what `data` is. */
function pngOf(width: number, height: number, data: Buffer): Buffer {
  const chunk = (type: string, body: Buffer): Buffer => {
    const name = Buffer.from(type);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    sum.writeUInt32BE(crc(Buffer.concat([name, body])));
    return Buffer.concat([length, name, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 8;
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}

function crc(bytes: Buffer): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ 0xffffffff) >>> 0;
}

describe('sharp', () => {
  const decode = sharpDecode();
  const flawOf = (...pieces: readonly Buffer[]) => decode({ pieces, spilled: undefined });

  it('decodes what is whole, in one piece or in several', async () => {
    for (const image of [drawJpeg(64, 64, shade), drawPng(64, 64, shade), drawWebp(64, 64, shade)])
      for (const pieces of [[image], [image.subarray(0, 40), image.subarray(40)]])
        expect(await flawOf(...pieces)).toBeUndefined();
    expect(await flawOf(pngOf(4, 4, deflateSync(Buffer.alloc(20))))).toBeUndefined();
  });

  it('says what is wrong in a line, of pixels that are missing and of bytes that are none', async () => {
    const jpeg = drawJpeg(64, 64, shade);
    for (const bad of [
      pngOf(4, 4, deflateSync(Buffer.alloc(11))),
      pngOf(4, 4, Buffer.from('no deflate at all')),
      jpeg.subarray(0, jpeg.length * 0.7),
      Buffer.from('hello'),
    ])
      expect(await flawOf(bad)).toMatch(/^.{5,300}$/);
  });

  it('refuses a decompression bomb by its size, before it goes off', async () => {
    expect(await flawOf(pngOf(60_000, 60_000, deflateSync(Buffer.alloc(1000))))).toContain('pixel limit');
  });
});
