import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { extract, pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { tarEntries } from '../../../../src/dataset/removal/tar-entries.ts';
import { entriesOf, thinnedTar } from '../../../../src/dataset/removal/thinned-tar.ts';

type Members = readonly (readonly [name: string, body: string])[];

async function tarOf(members: Members): Promise<Buffer> {
  const packer = pack();
  for (const [name, body] of members) packer.entry({ name, mtime: new Date(0) }, body);
  packer.finalize();
  return buffer(packer);
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function membersOf(tar: Buffer): Promise<[string, string][]> {
  const reader = extract();
  reader.end(tar);
  const members: [string, string][] = [];
  for await (const entry of reader) members.push([entry.header.name, (await buffer(entry)).toString()]);
  return members;
}

async function thinned(tar: Buffer, isGone: (name: string) => boolean, size = 700): Promise<Buffer> {
  return buffer(thinnedTar(inPieces(tar, size), isGone));
}

describe('a tar without some of its members', () => {
  it('has the others byte by byte, whatever their names, sizes and the pieces it comes in', async () => {
    const member = fc.tuple(
      fc.string({ minLength: 1, maxLength: 180, unit: 'grapheme' }),
      fc.string({ maxLength: 1500 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(member, { selector: ([name]) => name, maxLength: 8 }),
        fc.integer({ min: 1, max: 3000 }),
        async (given, size) => {
          const members: Members = given.map(([name, body], i) => [`${name.replace(/[\0\n/\\]/g, '_')}${i}`, body]);
          const stays = members.filter((_, i) => i % 3 !== 1);
          const names = new Set(stays.map(([name]) => name));
          expect(await thinned(await tarOf(members), (name) => !names.has(name), size)).toEqual(await tarOf(stays));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is an empty archive when nothing stays', async () => {
    expect(await membersOf(await thinned(await tarOf([['a.jpg', 'x']]), () => true))).toEqual([]);
  });

  it('is none where the archive ends in the middle, or is no archive', async () => {
    const tar = await tarOf([['a.jpg', 'x'.repeat(2000)]]);
    await expect(thinned(tar.subarray(0, 1500), () => false)).rejects.toThrow('ends within an entry');
    await expect(thinned(Buffer.alloc(600, 'z'), () => false)).rejects.toThrow(TypeError);
  });

  it('tells names of entries that are not read', async () => {
    const names: string[] = [];
    const tar = await tarOf([
      ['a.jpg', 'x'.repeat(2000)],
      ['ordner/ö.jpg', 'y'],
    ]);
    for await (const { name } of tarEntries(inPieces(tar, 64))) names.push(name);
    expect(names).toEqual(['a.jpg', 'ordner/ö.jpg']);
  });
});

describe('what goes with a sample', () => {
  it('is everything under its name, but no other sample', () => {
    const isGone = entriesOf(new Set(['0001.jpg', 'cat/a.jpg']), new Set(['0002.jpg', 'cat/a.png']));
    const names = ['0001.jpg', '0001.json', '0001.txt', '0001.cls', '0002.jpg', '0002.json', 'cat/a.jpg', 'cat/a.png'];
    expect(names.filter(isGone)).toEqual(['0001.jpg', '0001.json', '0001.txt', '0001.cls', 'cat/a.jpg']);
  });
});
