import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import type { Unit } from '../../../../src/record.ts';
import { readManifest } from '../../../../src/stages/manifest/read-manifest.ts';
import { partitionByHost } from '../../../../src/stages/partition/partition-by-host.ts';
import { decodeRows } from '../../../../src/unit-rows.ts';

const FOLDER = process.env.FLOW_DC_MANIFESTS;

/** File, rows, roles, hosts, null labels, rows without a fetchable URL. */
const REAL: [string, number, object, number, number, number][] = [
  ['biotrove_partition_001.parquet', 10_000, { url: 'url', label: 'species' }, 1, 48, 0],
  ['spider100_urls_200.parquet', 20_000, { url: 'photo_url', label: 'taxon_name' }, 1, 0, 0],
  ['spider100_urls_10gb.parquet', 100_000, { url: 'photo_url', label: 'taxon_name' }, 1, 0, 0],
  ['gbif_url_10000.parquet', 10_000, { url: 'url', label: 'species' }, 1, 3958, 0],
  ['inat_group_1.parquet', 8854, { url: 'photo_url', label: 'species_name' }, 1, 0, 0],
  ['laion_10000.parquet', 10_000, { url: 'URL', caption: 'TEXT' }, 4473, 10_000, 1],
];

describe.skipIf(FOLDER === undefined)(`real manifests (skipped without FLOW_DC_MANIFESTS)`, () => {
  it.each(REAL)('reads and cuts %s: %i rows, each once', async (name, rows, roles, hosts, nullLabels, invalid) => {
    const reader = readManifest(path.join(FOLDER as string, name));
    const units: Unit[] = [];
    await pipeline(reader, partitionByHost(), async (source: AsyncIterable<Unit>) => {
      for await (const unit of source) units.push(unit);
    });
    expect(await reader.ready).toMatchObject({ rows, roles, warnings: [] });
    const decoded = units.flatMap(decodeRows);
    expect(decoded.map((row) => row.row).sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i));
    expect(decoded.filter((row) => row.label === null)).toHaveLength(nullLabels);
    const counts = new Map<string, number>();
    for (const host of units.flatMap((unit) => unit.hosts))
      counts.set(host.host, (counts.get(host.host) ?? 0) + host.rows);
    expect(counts.get('!invalid') ?? 0).toBe(invalid);
    expect(counts.size - (invalid > 0 ? 1 : 0)).toBe(hosts);
  });
});
