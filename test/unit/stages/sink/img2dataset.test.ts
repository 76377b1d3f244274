import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type RecordBatch, tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm';
import { describe, expect, it } from 'vitest';
import { float64Column, utf8Column } from '../../../../src/arrow/columns.ts';
import { textColumn } from '../../../../src/arrow/text.ts';
import { inColumnsOf, inOwnColumns } from '../../../../src/dataset/img2dataset-table.ts';
import { endedRows, readUnitOutcomes } from '../../../../src/dataset/outcome-rows.ts';
import { columnOf, decodeAsWritten, decodeParquet } from '../../../../src/dataset/parquet-file.ts';
import { thinnedTable } from '../../../../src/dataset/removal/tombstones.ts';
import { parseStats } from '../../../../src/dataset/stats-file.ts';
import { FolderDestination } from '../../../../src/destination/folder-destination.ts';
import { recordOfStats } from '../../../../src/job/adopt-records.ts';
import { createLocalCommitter } from '../../../../src/job/local-committer.ts';
import { tarSink } from '../../../../src/stages/sink/tar-sink.ts';
import { resultOf, unitOf } from '../../../support/sink-units.ts';
import { filesBelow, temporaryFolder } from './folders.ts';

const stillClock = { nowMs: () => 0, wallMs: () => 1_700_000_001_000, timer: () => () => {} };

/** Unit 12 with four rows: one that is there, one that is not, no image, an opt-out. */
async function written(): Promise<string> {
  const folder = await temporaryFolder();
  const unit = unitOf({
    ...{ index: 12, rows: 4, captions: ['ünï', 'b', null, 'd'] },
    extra: [
      ['NSFW', utf8Column(['UNLIKELY', null, null, null])],
      ['similarity', float64Column([0.5, 1, 2, 3])],
      ['status', utf8Column(['mine', null, null, null])],
    ],
  });
  const failed = (row: number, code: 'http_404' | 'not_media') => resultOf(unit, row, { status: 'failed', code });
  const skipped = resultOf(unit, 3, { status: 'skipped', code: 'robots_tag' });
  const results = [resultOf(unit, 0), failed(1, 'http_404'), failed(2, 'not_media'), skipped];
  const destination = new FolderDestination(folder, { layout: 'shards' });
  const committer = createLocalCommitter(destination.stateFolder);
  await pipeline(
    Readable.from(results),
    tarSink(destination, { committer, clock: stillClock, compat: 'img2dataset', outputFormat: 'webdataset' }),
  );
  return folder;
}

/** As its writer and downloader make them (1.47): columns as asked for, then its own. */
const COLUMNS = [
  ...['NSFW', 'similarity', 'manifest_status', 'caption', 'url', 'key', 'status', 'error_message', 'width', 'height'],
  ...['original_width', 'original_height', 'exif', 'sha256'],
];

describe('a dataset as img2dataset writes it', () => {
  it('has its names of files and of samples', async () => {
    const folder = await written();
    const seen = await filesBelow(folder);
    expect(seen.filter((name) => !name.startsWith('.flow-dc/'))).toEqual([
      '00012.parquet',
      '00012.tar',
      '00012_stats.json',
    ]);
    const tar = (await readFile(join(folder, '00012.tar'))).toString('latin1');
    expect(tar.match(/\d{9}\.\w+/g)).toEqual(['000120000.jpg', '000120000.json', '000120000.txt']);
  });

  it('has them again when its table was read in ours, and other words for what was taken out', async () => {
    const content = await readFile(join(await written(), '00012.parquet'));
    const cells = (batch: RecordBatch) =>
      batch.schema.names.map((name) => [name, textColumn(columnOf(batch, String(name)))] as const);
    const [before] = decodeAsWritten(content);
    const names = before?.schema.names as string[];
    expect(cells(inColumnsOf(names, inOwnColumns(before as RecordBatch)))).toEqual(cells(before as RecordBatch));
    const rows = new Set(decodeParquet(content).flatMap((batch) => [...columnOf(batch, 'row').values].map(Number)));
    const thinned = thinnedTable(content, { rows, code: 'removed', forget: true })?.table as Uint8Array;
    const after = decodeAsWritten(thinned)[0] as RecordBatch;
    expect(after.schema.names).toEqual(names);
    const text = (name: string) => textColumn(columnOf(after, name))[0];
    expect([text('status'), text('width'), text('original_width'), text('exif'), text('url'), text('NSFW')]).toEqual([
      'failed_to_download',
      ...[null, null, null, null, null],
    ]);
    expect(text('flow_dc_code')).toBe('removed');
  });

  it('has its columns, words and messages, and ours behind them', async () => {
    const folder = await written();
    const table = tableFromIPC(readParquet(await readFile(join(folder, '00012.parquet'))).intoIPCStream());
    expect(table.schema.names.slice(0, COLUMNS.length)).toEqual(COLUMNS);
    expect(table.schema.names.slice(COLUMNS.length).every((name) => String(name).startsWith('flow_dc_'))).toBe(true);
    const rows = table.toArray().map((row) => row.toJSON());
    expect(rows.map((row) => [row.key, row.status, row.error_message, row.width, row.original_height])).toEqual([
      ['000120000', 'success', null, 4, 3],
      ['000120001', 'failed_to_download', 'HTTP Error 404: Not Found', null, null],
      ['000120002', 'failed_to_resize', 'Image decoding error', null, null],
      ['000120003', 'failed_to_download', 'Use of image disallowed by X-Robots-Tag directive', null, null],
    ]);
    expect(rows[0]).toMatchObject({ NSFW: 'UNLIKELY', similarity: 0.5, manifest_status: 'mine', exif: '{}' });
  });

  it('has its KEY.json, written as Python writes it', async () => {
    const folder = await written();
    const tar = (await readFile(join(folder, '00012.tar'))).toString('latin1');
    const json = /\{\n.*\n\}/s.exec(tar)?.[0] ?? '';
    expect(Object.keys(JSON.parse(json))).toEqual(COLUMNS);
    expect(json).toContain(
      '    "similarity": 0.5,\n    "manifest_status": "mine",\n    "caption": "\\u00fcn\\u00ef",\n',
    );
    expect(JSON.parse(json)).toMatchObject({ key: '000120000', status: 'success', width: 4, original_width: 4 });
  });

  it('has its stats, from which a lost record is made again', async () => {
    const content = await readFile(join(await written(), '00012_stats.json'));
    const { flow_dc: _, ...stats } = JSON.parse(content.toString());
    expect(stats).toEqual({
      ...{ count: 4, successes: 1, failed_to_download: 2, failed_to_resize: 1 },
      ...{ duration: 0, start_time: 1_700_000_001, end_time: 1_700_000_001 },
      status_dict: {
        success: 1,
        'HTTP Error 404: Not Found': 1,
        'Image decoding error': 1,
        'Use of image disallowed by X-Robots-Tag directive': 1,
      },
    });
    expect(recordOfStats('00012_stats.json', content)).toMatchObject({ rows: 4, stored: 1, failed: 2, skipped: 1 });
    expect(parseStats(content.toString())).toMatchObject({ startedAtMs: 1_700_000_001_000 });
  });

  it('is read back in our words by whatever reads outcome tables', async () => {
    const table = await readFile(join(await written(), '00012.parquet'));
    expect([...endedRows(table)].map(({ status, code }) => `${status} ${code}`).slice(1)).toEqual([
      'failed http_404',
      'failed not_media',
      'skipped robots_tag',
    ]);
    expect(readUnitOutcomes(table)).toMatchObject({
      statuses: ['fetched', 'failed', 'failed', 'skipped'],
      samples: [{ name: '000120000.jpg', bytes: 7 }],
    });
  });
});
