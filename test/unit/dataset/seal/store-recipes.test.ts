import { describe, expect, it } from 'vitest';
import { storeRecipes } from '../../../../src/dataset/seal/store-recipes.ts';

const shards = ['000000.tar', '000001.tar', '000012.tar'];

describe('the card of a dataset in a store', () => {
  it('says how webdataset and DuckDB read it from there', () => {
    const text = storeRecipes('s3://bucket/a/set', shards, undefined).join('\n');
    expect(text).toContain('WebDataset("pipe:aws s3 cp s3://bucket/a/set/{000000..000012}.tar -")');
    expect(text).toContain("FROM 's3://bucket/a/set/[0-9]*.parquet'");
  });

  it('names the server of a store that is not of its provider', () => {
    const text = storeRecipes('s3://bucket/set', ['000000.tar.gz'], 'https://s3.example.org').join('\n');
    expect(text).toContain('"pipe:aws --endpoint-url https://s3.example.org s3 cp s3://bucket/set/000000.tar.gz -"');
  });

  it('reads a bucket of Google with its own program', () => {
    const text = storeRecipes('gs://bucket/set', shards, undefined).join('\n');
    expect(text).toContain('"pipe:gsutil cat gs://bucket/set/{000000..000012}.tar"');
  });

  it('says nothing of it for a folder, or without a shard', () => {
    expect(storeRecipes('/data/set', shards, undefined)).toEqual([]);
    expect(storeRecipes('s3://bucket/set', [], undefined)).toEqual([]);
  });
});
