import { describe, expect, it } from 'vitest';
import { resolveConfig, resolvedKeys } from '../../../src/config/resolve.ts';
import type { Config } from '../../../src/config/types.ts';
import type { FlowDcError } from '../../../src/errors.ts';

function issuesOf(config: object, command?: 'download'): readonly string[] {
  try {
    resolveConfig(config as Config, command);
  } catch (error) {
    expect((error as FlowDcError).code).toBe('FDC_ERR_CONFIG_INVALID');
    return (error as FlowDcError).issues;
  }
  throw new Error('expected the configuration to be refused');
}

describe('resolveConfig', () => {
  it('fills in every default and freezes everything, lists and rules too', () => {
    const settings = resolveConfig({ hosts: { '*.example.org': { C_max: 4, timeout_sec: 2.3, headers: 'X-Key: 1' } } });
    expect(settings.fetch.maxBytes).toBe(64 * 1024 ** 2);
    expect(settings.fetch.unitIdleMs).toBe(3_600_000);
    expect(settings.fetch.hosts['*.example.org']).toEqual({ cMax: 4, timeoutMs: 2300, headers: ['X-Key: 1'] });
    for (const part of [
      settings,
      settings.fetch,
      settings.fetch.robotsTags,
      settings.fetch.hosts,
      settings.fetch.hosts['*.example.org'],
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it('names every problem at once, each with what was expected and what arrived', () => {
    expect(
      issuesOf({
        C_max: 0,
        timeout_sec: 'soon',
        output_format: 'zip',
        header: ['bad header'],
        max_bytes: '12 parsecs',
      }),
    ).toEqual([
      'C_max: expected an integer from 1 to 100000, got 0',
      'timeout_sec: expected a number above 0 and of at most 86400, got "soon"',
      'output_format: expected one of imagefolder, webdataset, parquet, csv, got "zip"',
      'header[0]: expected a header such as "Name: value", got something else, which may be a secret and is not shown',
      'max_bytes: expected a size such as 67108864 or "64MiB", got "12 parsecs"',
    ]);
  });

  it.each([
    ['concurent_downloads', 'unknown key concurent_downloads; did you mean concurrent_downloads?'],
    ['c_max', 'unknown key c_max; did you mean C_max?'],
    ['tiemout', 'unknown key tiemout; did you mean timeout (that is timeout_sec)?'],
    ['timeoutMs', 'unknown key timeoutMs; did you mean timeout_sec?'],
    ['zzzzzzzz', 'unknown key zzzzzzzz'],
  ])('answers the misspelt key %s with the nearest right one', (key, problem) => {
    expect(issuesOf({ [key]: 1 })).toEqual([problem]);
  });

  it('does not overlook a key that JavaScript treats in its own way', () => {
    expect(issuesOf(JSON.parse('{"__proto__": {}, "constructor": 1}'))).toEqual([
      'unknown key __proto__',
      'unknown key constructor',
    ]);
  });

  it('answers a misspelt key of a host rule with the nearest right one', () => {
    expect(issuesOf({ hosts: { 'a.example': { c_max: 1 } } })).toEqual([
      'unknown key hosts["a.example"].c_max; did you mean C_max?',
    ]);
  });

  it('takes a key under two names when both agree, and refuses them when they differ', () => {
    expect(resolveConfig({ timeout: 10, timeout_sec: 10 } as Config).fetch.timeoutMs).toBe(10_000);
    expect(issuesOf({ timeout: 10, timeout_sec: 20 })).toEqual([
      'timeout and timeout_sec are one key, but have the values 10 and 20; keep one',
    ]);
  });

  it('takes null for "not given" where FLOW-DC writes it, and nowhere else', () => {
    expect(resolveConfig({ label_col: null, concurrent_downloads: null } as Config).fetch.concurrentDownloads).toBe(
      1000,
    );
    expect(issuesOf({ create_tar: null })).toEqual(['create_tar: expected true or false, got null']);
  });

  it('chooses imagefolder when a label column is given, webdataset otherwise, and image names to match', () => {
    expect(resolveConfig({ label: 'species' }).sink).toMatchObject({
      outputFormat: 'imagefolder',
      imageName: 'content',
    });
    expect(resolveConfig({}).sink).toMatchObject({ outputFormat: 'webdataset', imageName: 'common' });
    expect(resolveConfig({ label: 'species', output_format: 'webdataset' }).sink.outputFormat).toBe('webdataset');
    expect(resolveConfig({ create_tar: false }).sink.outputFormat).toBe('imagefolder');
  });

  it('refuses what contradicts itself, naming both keys', () => {
    expect(
      issuesOf({ C_min: 9, C_max: 4, spill_bytes: '2GiB', create_tar: false, output_format: 'webdataset' }),
    ).toEqual(
      [
        'output_format webdataset is made of tar shards; use imagefolder, or leave create_tar on',
        'spill_bytes (2147483648) must not be above body_memory (268435456)',
        'C_min (9) must not be above C_max (4)',
      ].sort(bySlice),
    );
  });

  it('adapts the bounds that were not given to the one that was', () => {
    expect(resolveConfig({ C_max: 1 }).paarc).toMatchObject({ cMin: 1, cInit: 1, cMax: 1 });
    expect(resolveConfig({ C_min: 50 }).paarc).toMatchObject({ cMin: 50, cInit: 50 });
    expect(resolveConfig({ theta_50: 6 }).paarc).toMatchObject({ theta50: 6, theta95: 6 });
    expect(resolveConfig({ body_memory: '2MiB' }).fetch.spillBytes).toBe(2 * 1024 ** 2);
  });

  it('the size of a shard in bytes makes that in rows, by the mean size of a sample', () => {
    const rows = (keys: object): number => resolveConfig(keys).partition.shardSize;
    expect(rows({})).toBe(2000);
    expect(rows({ shard_bytes: '1GB', mean_bytes: '30KB' })).toBe(34_952);
    expect(rows({ shard_bytes: '1GB', mean_bytes: 100 })).toBe(50_000);
    expect(rows({ shard_bytes: 1_000_000, mean_bytes: '64MiB' })).toBe(1);
    expect(rows({ shard_bytes: 1_000_000_000 })).toBe(10_000);
    expect(issuesOf({ mean_bytes: '1MB' })[0]).toBe('mean_bytes goes with shard_bytes');
    expect(issuesOf({ shard_bytes: '1GB', mean_bytes: '1MB', shard_size: 5 })[0]).toContain('leave shard_size out');
    expect(issuesOf({ mix: true, group_by: 'registrable-domain' })[0]).toContain('leave group_by out');
  });

  it('parquet files cannot go to stdout, nor be loose or compressed as a whole', () => {
    const issues = (more: object): readonly string[] => issuesOf({ output_format: 'parquet', ...more });
    expect(issues({ output: '-' })[0]).toContain('output_format parquet cannot go to stdout');
    expect(issues({ create_tar: false })[0]).toContain('leave create_tar on');
    expect(issuesOf({ create_tar: false, mtime: '0' })[0]).toContain('leave create_tar on');
    expect(issues({ compress_tar: true })[0]).toContain('leave compress_tar off');
    expect(resolveConfig({ output_format: 'parquet', expect_content: 'any' }).sink.mediaColumn).toBe('file');
  });

  it('refuses for download the output formats of a split manifest', () => {
    expect(issuesOf({ output_format: 'csv' }, 'download')).toEqual([
      'output_format: expected one of imagefolder, webdataset, parquet, got "csv", which only partition takes',
    ]);
    expect(() => resolveConfig({ output_format: 'csv', groups: 3 }, 'config')).not.toThrow();
  });
});

/** Problems come slice by slice: fetch, paarc, sink. */
function bySlice(a: string, b: string): number {
  const rank = (text: string) => ['spill', 'C_min', 'output'].findIndex((start) => text.startsWith(start));
  return rank(a) - rank(b);
}

describe('resolvedKeys', () => {
  it('gives back a configuration that resolves to the same settings', () => {
    const settings = resolveConfig({
      timeout_sec: 2.3,
      label: 'x',
      max_bytes: '5MB',
      hosts: { '*.org': { rate: 2, timeout_sec: 1.5 } },
    });
    const keys = resolvedKeys(settings);
    expect(keys).toMatchObject({
      timeout_sec: 2.3,
      max_bytes: 5 * 1024 ** 2,
      hosts: { '*.org': { rate: 2, timeout_sec: 1.5 } },
    });
    expect(resolveConfig(keys as Config)).toEqual(settings);
  });
});
