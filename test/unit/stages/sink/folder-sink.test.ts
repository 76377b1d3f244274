import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { folderSink } from '../../../../src/stages/sink/folder-sink.ts';
import type { DatasetSinkOptions } from '../../../../src/stages/sink/tar-sink.ts';
import { resultOf, resultsOf, unitOf } from '../../../support/sink-units.ts';
import { filesBelow, temporaryFolder } from './folders.ts';

const urls = ['https://h.org/photos/a/large.jpg', 'https://h.org/photos/b/large.jpg'];

async function write(
  options: DatasetSinkOptions,
  unit = unitOf({ rows: 2, labels: ['x', null], urls }),
): Promise<string> {
  const folder = join(await temporaryFolder(), 'out');
  await pipeline(Readable.from(resultsOf(unit)), folderSink(folder, options));
  return folder;
}

describe('folderSink', () => {
  it('puts nothing but class folders into the output, and the account beside it', async () => {
    const folder = await write({});
    expect(await filesBelow(folder)).toEqual(['output/0000000001.png', 'x/0000000000.png']);
    expect(await filesBelow(`${folder}.flow-dc`)).toEqual(
      expect.arrayContaining(['000000.files', '000000.parquet', '000000.stats.json']),
    );
  });

  it('names from URLs keep the key, unless the user vouches for them', async () => {
    const pattern: DatasetSinkOptions = { namingMode: 'url_based', fileNamePattern: '{segment_parent}' };
    expect(await filesBelow(await write(pattern))).toEqual(['output/b_0000000001.png', 'x/a_0000000000.png']);
    expect(await filesBelow(await write({ ...pattern, trustNames: true }))).toEqual(['output/b.png', 'x/a.png']);
  });

  it("the bytes are the host's", async () => {
    const folder = join(await temporaryFolder(), 'out');
    const unit = unitOf({ rows: 1 });
    const body = Buffer.from([0xff, 0xd8, 0x00, 0x0a, 0x0d]);
    await pipeline(
      Readable.from([resultOf(unit, 0, { body, extension: 'jpg', contentType: 'image/jpeg' })]),
      folderSink(folder),
    );
    expect(await readFile(join(folder, 'output', '0000000000.jpg'))).toEqual(body);
  });

  it('webdataset without tar is refused', () => {
    expect(() => folderSink('out', { outputFormat: 'webdataset' })).toThrow(/webdataset/);
  });
});
