import fc from 'fast-check';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { TAR_END, tarHeader, tarPadding } from '../../../../src/stages/sink/tar-header.ts';

async function readBack(archive: Buffer): Promise<{ name: string; size: number; text: string }[]> {
  const reader = extract();
  reader.end(archive);
  const entries: { name: string; size: number; text: string }[] = [];
  for await (const entry of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    entries.push({ name: entry.header.name, size: entry.header.size as number, text: Buffer.concat(chunks).toString() });
  }
  return entries;
}

describe('tarHeader', () => {
  it("tar-stream's reader gets every name and body back", async () => {
    const part = fc.string({ unit: fc.constantFrom('a', 'B', '0', '雪', 'é', ' ', '-', '_'), minLength: 1, maxLength: 120 });
    const name = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    const members = fc.array(fc.record({ name, text: fc.string() }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(members, async (given) => {
        const blocks = given.flatMap(({ name: path, text }) => {
          const body = Buffer.from(text);
          return [tarHeader(path, body.length), body, Buffer.from(tarPadding(body.length))];
        });
        const archive = Buffer.concat([...blocks, TAR_END]);
        expect(archive.length % 512).toBe(0);
        expect((await readBack(archive)).map((entry) => [entry.name, entry.text])).toEqual(
          given.map(({ name: path, text }) => [path, Buffer.from(text).toString()]),
        );
      }),
    );
  });

  it('names of up to 100 ASCII bytes need no extra header, which simple readers depend on', () => {
    expect(tarHeader('k'.repeat(100), 5)).toHaveLength(512);
    expect(tarHeader('雪.jpg', 5)).toHaveLength(1536);
  });

  it('sizes beyond 8 GiB are written in the binary form', async () => {
    const header = tarHeader('big', 10 * 2 ** 30);
    const reader = extract();
    const size = await new Promise<number | undefined>((resolve) => {
      reader.on('entry', ({ size: bytes }) => resolve(bytes));
      reader.write(header);
    });
    expect(size).toBe(10 * 2 ** 30);
    reader.destroy();
  });
});
