import { describe, expect, it } from 'vitest';
import { differencesBetween, type JobIdentity } from '../../../src/job/identity.ts';
import { identity } from './fixtures/identity.ts';

/** One other value for everything that an identity holds. */
const changes: Record<string, Partial<JobIdentity>> = {
  'format version': { formatVersion: 2 },
  input: { inputs: [{ name: 'a.parquet', bytes: 10, hash: 'other' }] },
  url: { columns: { url: 'link', label: 'species' } },
  label: { columns: { url: 'url' } },
  caption_col: { columns: { url: 'url', label: 'species', caption: 'TEXT' } },
  key_col: { columns: { url: 'url', label: 'species', key: 'id' } },
  limit: { limitRows: 10 },
  shard_size: { shardSize: 1000 },
  group_by: { groupBy: 'none' },
  mix: { mixSeed: 0 },
  output_format: { outputFormat: 'imagefolder' },
  create_tar: { createTar: false },
  compress_tar: { compressTar: true },
  naming_mode: { namingMode: 'url_based' },
  file_name_pattern: { fileNamePattern: '{segment}' },
  image_name: { imageName: 'content' },
  null_label: { nullLabel: 'unknown' },
  trust_names: { trustNames: true },
  hash: { hash: false },
  keep_credentials: { keepCredentials: true },
  redact_query: { redactQuery: true },
  mtime: { mtime: '0' },
  energon: { energon: true },
  compat: { compat: 'img2dataset' },
  media_column: { mediaColumn: 'video' },
};

describe('differencesBetween', () => {
  it('finds no difference between equal identities', () => {
    expect(differencesBetween(identity, structuredClone(identity))).toBe('');
  });

  it.for(Object.keys(changes))('names %s as the configuration does', (key) => {
    const differences = differencesBetween(identity, { ...identity, ...changes[key] }).split('; ');
    expect(differences.map((difference) => difference.split(' was ')[0])).toEqual([key]);
  });

  it('misses nothing that an identity holds', () => {
    const held = Object.keys({
      ...identity,
      limitRows: 1,
      fileNamePattern: '',
      keepCredentials: false,
      redactQuery: false,
    }).filter((key) => key !== 'columns');
    const changed = new Set(Object.values(changes).flatMap((change) => Object.keys(change)));
    expect(held.filter((key) => !changed.has(key))).toEqual([]);
  });

  it('takes a job of a version that knew no times of entries for one with the default', () => {
    expect(differencesBetween(identity, { ...identity, mtime: '946684800' })).toBe('');
  });

  it('takes a file that was moved or renamed for the same input', () => {
    const moved = { ...identity, inputs: identity.inputs.map((input) => ({ ...input, name: '/elsewhere/b.parquet' })) };
    expect(differencesBetween(identity, moved)).toBe('');
  });

  it('minds the order of several inputs, because rows are numbered over all of them', () => {
    const [a, b] = [identity.inputs[0], { name: 'b.parquet', bytes: 20, hash: 'bbbb' }];
    const differences = differencesBetween(
      { ...identity, inputs: [a, b] as never },
      { ...identity, inputs: [b, a] as never },
    );
    expect(differences).toMatch(/^input was a\.parquet .* is now b\.parquet .*$/);
  });

  it('survives a round trip through JSON', () => {
    expect(differencesBetween(JSON.parse(JSON.stringify(identity)), identity)).toBe('');
  });

  it('tells every difference in one line, with both values', () => {
    const other = { ...identity, shardSize: 1000, columns: { url: 'url' } };
    expect(differencesBetween(identity, other)).toBe(
      'label was "species", is now none; shard_size was 2000, is now 1000',
    );
  });
});
