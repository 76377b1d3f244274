import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm';
import { describe, expect, it } from 'vitest';
import { hasPython, membersOf, outcomesOf } from '../support/dataset.ts';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { createTestCa } from '../support/test-ca.ts';
import { testOrigin } from '../support/test-origin.ts';

const folder = process.env.FLOW_DC_MANIFESTS;
const python = await hasPython();
const why =
  folder === undefined
    ? ' (SKIPPED: FLOW_DC_MANIFESTS does not name a folder with real manifests)'
    : python
      ? ''
      : ' (SKIPPED: no python3)';

describe.skipIf(why !== '')(`a download of a real manifest${why}`, () => {
  it('turns 10,000 LAION rows of 4,473 hosts into webdataset shards, each row accounted for once, captions to the byte', async () => {
    const manifest = join(folder as string, 'laion_10000.parquet');
    const { out, result } = await download([manifest, '--caption-col', 'TEXT']);
    expect(result.stderr).toContain("caption 'TEXT'");
    expect(result.code).toBe(0);

    const outcomes = await outcomesOf(out);
    expect(outcomes.map(({ row }) => row).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 10_000 }, (_, i) => i),
    );
    expect(new Set(outcomes.map(({ key }) => key)).size).toBe(10_000);
    expect(outcomes.filter(({ status }) => status !== 'fetched').map(({ code }) => code)).toEqual(['invalid_url']);

    const members = await membersOf(out);
    expect(new Set(members.map(({ name }) => name)).size).toBe(members.length);
    const bodies = new Map(
      members.filter(({ name }) => !/\.(txt|json)$/.test(name)).map((member) => [member.name.split('.')[0], member]),
    );
    const stored = outcomes.filter(({ status }) => status === 'fetched');
    expect(bodies.size).toBe(stored.length);
    for (const { key, sha256 } of stored) expect(bodies.get(key as string)?.sha256).toBe(sha256);

    const texts = new Map(
      members.filter(({ name }) => name.endsWith('.txt')).map(({ name, bytes }) => [name.slice(0, -4), bytes]),
    );
    const captions = await columnOf(manifest, 'TEXT');
    for (const { key, row, TEXT, caption } of stored) {
      const expected = captions[row as number] as string;
      expect(TEXT ?? caption).toBe(expected);
      expect(texts.get(key as string)).toBe(Buffer.byteLength(expected));
    }
    expect((await runCli(['verify', out, '--input', manifest])).code).toBe(0);
  });

  it("with FLOW-DC's own BioTrove configuration makes folders by species inside the shards", async () => {
    const manifest = join(folder as string, 'biotrove_partition_001.parquet');
    const config = join(folder as string, 'flow-dc-configs', 'biotrove_test_100k.json');
    const { out, result } = await download([manifest, '--config', config, '--output-format', 'imagefolder']);
    expect(result.code).toBe(0);
    expect(result.stderr).toContain('FLOW-DC keys in this file');
    const species = await columnOf(manifest, 'species');
    const members = await membersOf(out);
    expect(members).toHaveLength(10_000);
    expect(new Set(members.map(({ name }) => name.split('/')[0]))).toEqual(
      new Set(species.map((label) => label ?? 'output')),
    );
  });
});

async function download(args: readonly string[]): Promise<{ out: string; result: Awaited<ReturnType<typeof runCli>> }> {
  const temp = await tempFolder();
  const ca = createTestCa();
  const origin = await testOrigin({ tls: ca.tls, meanBytes: 5000 });
  await writeFile(join(temp, 'ca.pem'), ca.caPem);
  const out = join(temp, 'out');
  const result = await runCli([
    'download',
    ...args,
    '-o',
    out,
    '--connect-to',
    origin.connectTo,
    '--ca-file',
    join(temp, 'ca.pem'),
  ]);
  return { out, result };
}

async function columnOf(path: string, name: string): Promise<unknown[]> {
  const table = tableFromIPC(readParquet(new Uint8Array(await readFile(path)), { columns: [name] }).intoIPCStream());
  return [...(table.getChild(name) ?? [])];
}
