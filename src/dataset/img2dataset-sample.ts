/** KEY.json and NNNNN_stats.json as img2dataset writes them. */
import type { RecordBatch } from 'apache-arrow';
import type { UnitRecord } from '../record.ts';
import { readRoles } from '../unit-rows.ts';
import { additionalColumns } from './img2dataset-table.ts';
import { img2datasetKey, img2datasetMessage, img2datasetStatus, NO_EXIF } from './img2dataset-words.ts';
import type { Publish } from './published.ts';
import { columnJson, type SampleJson } from './sample-json.ts';

/** As Python's json writes it with an indent of 4. */
const INDENT = '    ';

/** See sampleJsonWriter. */
export function img2datasetJsonWriter(shard: string, batch: RecordBatch, publish: Publish): SampleJson {
  const additional = additionalColumns(batch.schema).map(({ index, name }) => {
    const valueIn = columnJson(batch, index, publish);
    return (row: number) => [name, valueIn(row)] as const;
  });
  const hasCaption = readRoles(batch.schema).caption !== undefined;
  return ({ row, width, height }, sha256) => {
    const { caption, url } = row;
    const own = {
      ...(hasCaption && { caption: caption === null ? null : publish(caption) }),
      url: publish(url),
      key: img2datasetKey(shard, row.index),
      ...{ status: 'success', error_message: null, width: width ?? null, height: height ?? null },
      ...{ original_width: width ?? null, original_height: height ?? null, exif: NO_EXIF, sha256: sha256 ?? null },
    };
    const members = [
      ...additional.map((column) => column(row.index)),
      ...Object.entries(own).map(([name, value]) => [name, JSON.stringify(value)] as const),
    ];
    const lines = members.map(([name, value]) => `${INDENT}${JSON.stringify(name)}: ${value}`);
    return Buffer.from(ascii(`{\n${lines.join(',\n')}\n}`));
  };
}

/** @param own - what our own stats file would say, which a lost state folder is restored from */
export function img2datasetStats(
  { rows, stored, errors }: UnitRecord,
  { startedAtMs, elapsedMs }: { readonly startedAtMs: number; readonly elapsedMs: number },
  own: unknown,
): Buffer {
  const words = { failed_to_download: 0, failed_to_resize: 0, success: 0 };
  const statuses: Record<string, number> = stored === 0 ? {} : { success: stored };
  for (const [code, count] of Object.entries(errors)) {
    words[img2datasetStatus(code)] += count;
    const message = img2datasetMessage(code);
    statuses[message] = (statuses[message] ?? 0) + count;
  }
  const stats = {
    ...{ count: rows, successes: stored, failed_to_download: words.failed_to_download },
    ...{ failed_to_resize: words.failed_to_resize, duration: elapsedMs / 1000, start_time: startedAtMs / 1000 },
    ...{ end_time: (startedAtMs + elapsedMs) / 1000, status_dict: statuses, flow_dc: own },
  };
  return Buffer.from(ascii(JSON.stringify(stats, undefined, INDENT.length)));
}

/** What our own stats file would say, of a file in either form. */
export function ownStats(stats: unknown): unknown {
  const inner = (stats as { readonly flow_dc?: unknown } | null)?.flow_dc;
  return inner ?? stats;
}

function ascii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
