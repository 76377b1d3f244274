import { Field, Int32, List, type RecordBatch, Struct, Utf8, vectorFromArray } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { batchOf, float64Column, utf8Column } from '../../../../src/arrow/columns.ts';
import { textColumn } from '../../../../src/arrow/text.ts';
import { OUTCOME_COLUMNS } from '../../../../src/dataset/column-names.ts';
import { columnOf, decodeParquet, encodeParquet } from '../../../../src/dataset/parquet-file.ts';
import { thinnedTable } from '../../../../src/dataset/removal/tombstones.ts';

const TEXTS = ['zero', 'secret-one', 'two', 'secret-three'];
const NUMBERS = new Set(['row', 'bytes', 'width', 'height', 'source_row', 'http_status', 'attempts', 'attempt_set']);

/** Rows 10 to 13, the last of which has no sample, with nested columns of a manifest. */
function table(): RecordBatch {
  const own = OUTCOME_COLUMNS.map((name) => {
    if (name === 'row') return [name, float64Column([10, 11, 12, 13])] as const;
    if (NUMBERS.has(name)) return [name, float64Column([5, 6, 7, 0])] as const;
    if (name === 'status') return [name, utf8Column(['fetched', 'fetched', 'fetched', 'failed'])] as const;
    if (name === 'code') return [name, utf8Column([null, null, null, 'http_404'])] as const;
    if (name === 'name') return [name, utf8Column(['a.jpg', 'b.jpg', 'c.jpg', null])] as const;
    return [name, utf8Column(TEXTS.map((text) => `${name} ${text}`))] as const;
  });
  const tags = vectorFromArray(
    TEXTS.map((text) => [text, `${text}!`]),
    new List(new Field('item', new Utf8(), true)),
  );
  const place = vectorFromArray(
    TEXTS.map((name, size) => ({ name, size })),
    new Struct([new Field('name', new Utf8(), true), new Field('size', new Int32(), true)]),
  );
  return batchOf([
    ...own,
    ['tags', tags.data[0] as never],
    ['place', place.data[0] as never],
    ['note', utf8Column(TEXTS)],
  ]);
}

function cells(content: Uint8Array, name: string): (string | null)[] {
  return decodeParquet(content).flatMap((batch) => textColumn(columnOf(batch, name)));
}

describe('a table without some samples', () => {
  it('keeps where a row stood, and forgets what its host said', () => {
    const removal = { rows: new Set([11, 13]), code: 'removed', forget: false } as const;
    const thinned = thinnedTable(encodeParquet(table()), removal);
    expect(thinned).toMatchObject({ gone: new Set(['b.jpg']), staying: new Set(['a.jpg', 'c.jpg']), bytes: 6 });
    const content = thinned?.table as Uint8Array;
    expect(cells(content, 'status')).toEqual(['fetched', 'skipped', 'fetched', 'failed']);
    expect(cells(content, 'code')).toEqual([null, 'removed', null, 'http_404']);
    expect(cells(content, 'bytes')).toEqual(['5', '0', '7', '0']);
    expect(cells(content, 'url')[1]).toBe('url secret-one');
    expect(cells(content, 'note')).toEqual(TEXTS);
    for (const name of ['name', 'sha256', 'etag', 'final_url', 'width', 'content_type'])
      expect(cells(content, name)[1], name).toBeNull();
    expect(cells(content, 'etag')[3]).toBe('etag secret-three');
    expect(cells(content, 'row')).toEqual(['10', '11', '12', '13']);
  });

  it('has nothing left of a row that is forgotten, nested columns and rows without a sample among them', () => {
    const removal = { rows: new Set([11, 13]), code: 'removed', forget: true } as const;
    const content = thinnedTable(encodeParquet(table()), removal)?.table as Uint8Array;
    for (const name of ['url', 'label', 'caption', 'host', 'tags', 'place', 'note']) {
      expect(cells(content, name)[1], name).toBeNull();
      expect(cells(content, name)[3], name).toBeNull();
    }
    expect(cells(content, 'tags')[2]).toBe('["two","two!"]');
    expect(cells(content, 'place')[0]).toBe('{"name":"zero","size":0}');
    expect(cells(content, 'code')).toEqual([null, 'removed', null, 'http_404']);
    expect(cells(content, 'key')[1]).toBe('key secret-one');
  });

  it('is none where nothing is taken out', () => {
    const removal = { rows: new Set([13, 99]), code: 'removed', forget: false } as const;
    expect(thinnedTable(encodeParquet(table()), removal)).toBeUndefined();
  });
});
