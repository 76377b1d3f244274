import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { readManifest } from '../../../../src/stages/manifest/read-manifest.ts';
import { collect } from './collect-rows.ts';

const TEXT = 'url,n\nhttps://a.test/1.jpg,a,b\nhttps://a.test/2.jpg,c\n';

it('a pipe whose first row cannot be read goes on with the second, as a file does', async () => {
  const { rows, error } = await collect(readManifest('-', { stdin: Readable.from([Buffer.from(TEXT)]) }));
  expect(error).toBeUndefined();
  expect(rows).toMatchObject([{ url: expect.stringContaining('line 2 has 3 cells') }, { url: 'https://a.test/2.jpg' }]);
});

it('and ends there where bad rows are to end it', async () => {
  const stdin = Readable.from([Buffer.from(TEXT)]);
  const { error } = await collect(readManifest('-', { stdin, onBadRow: 'fail' }));
  expect(error).toMatchObject({ code: 'FDC_ERR_MANIFEST_CORRUPT' });
});
