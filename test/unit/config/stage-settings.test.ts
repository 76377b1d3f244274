import { describe, expect, it } from 'vitest';
import { SLICES } from '../../../src/config/schema/key.ts';
import { stageSettings } from '../../../src/config/stage-settings.ts';
import type { FetchOptions, SinkOptions } from '../../../src/config/types.ts';
import type { FlowDcError } from '../../../src/errors.ts';
import { defaultOriginalSettings, defaultPaarcSettings } from '../../../src/paarc/settings.ts';

function issuesOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    expect((error as FlowDcError).code).toBe('FDC_ERR_CONFIG_INVALID');
    return (error as FlowDcError).issues;
  }
  throw new Error('expected the options to be refused');
}

describe('stageSettings', () => {
  it.each(SLICES)('%s works without options, and its settings are valid options that change nothing', (slice) => {
    const settings = stageSettings(slice);
    expect(Object.isFrozen(settings)).toBe(true);
    expect(stageSettings(slice, settings)).toEqual(settings);
  });

  it('names every wrong option by its name in code, also when the key of a file was meant', () => {
    const options = { timeoutMS: 3, max_retry_attempts: 3, maxAttempts: 0, hosts: { a: { cMax: 0 } } } as FetchOptions;
    expect(issuesOf(() => stageSettings('fetch', options))).toEqual([
      'unknown option timeoutMS; did you mean timeoutMs?',
      'unknown option max_retry_attempts; did you mean maxAttempts?',
      'maxAttempts: expected an integer from 1 to 100, got 0',
      'hosts.a.cMax: expected an integer of at least 1, got 0',
    ]);
  });

  it('gives bounds in the unit of the option', () => {
    expect(issuesOf(() => stageSettings('fetch', { timeoutMs: 86_400_001 }))).toEqual([
      'timeoutMs: expected a number above 0 and of at most 86400000, got 86400001',
    ]);
  });

  it('takes sizes as text, one text for a list, and undefined for absent', () => {
    const settings = stageSettings('fetch', {
      maxBytes: '1.5 MiB',
      headers: 'A: b',
      robotsTags: ['none'],
      timeoutMs: undefined,
    });
    expect(settings).toMatchObject({ maxBytes: 1_572_864, headers: ['A: b'], robotsTags: [], timeoutMs: 30_000 });
  });

  it('takes 0 concurrent downloads for the default, as FLOW-DC does', () => {
    expect(stageSettings('fetch', { concurrentDownloads: 0 }).concurrentDownloads).toBe(1000);
  });

  it('leaves the options of its caller unfrozen', () => {
    const options = { headers: ['A: b'] };
    stageSettings('fetch', options);
    options.headers.push('C: d');
    expect(options.headers).toHaveLength(2);
  });

  it('refuses something that is no object of options', () => {
    expect(issuesOf(() => stageSettings('sink', 'out' as SinkOptions))).toEqual([
      'expected an object of options, got out',
    ]);
  });

  it('refuses values of another command', () => {
    expect(issuesOf(() => stageSettings('sink', { outputFormat: 'csv' } as unknown as SinkOptions))).toEqual([
      'outputFormat: expected one of imagefolder, webdataset, parquet, got "csv"',
    ]);
  });

  it('are not checked again where a spread passes them on, and are where one of them was changed', () => {
    const settings = stageSettings('fetch', { timeoutMs: 5000 });
    expect(stageSettings('fetch', { ...settings })).toBe(settings);
    expect(stageSettings('fetch', { ...settings, timeoutMs: 6000 }).timeoutMs).toBe(6000);
    expect(() => stageSettings('fetch', { ...settings, timeoutMs: -1 })).toThrow(/timeoutMs/);
    expect(() => stageSettings('sink', { ...settings } as object)).toThrow(/unknown|timeoutMs/);
  });

  it('has the defaults that the controllers have by themselves', () => {
    expect(Object.fromEntries(Object.entries(stageSettings('paarc')))).toEqual({
      ...defaultPaarcSettings,
      ...defaultOriginalSettings,
    });
  });
});
