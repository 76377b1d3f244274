import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { combineConfig } from '../../../src/config/combine.ts';
import { describeFlowDcKeys } from '../../../src/config/flow-dc-file.ts';
import { loadConfigFile } from '../../../src/config/load.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { KEY_OF_SPELLING } from '../../../src/config/schema.ts';
import type { Config } from '../../../src/config/types.ts';

type Values = Record<string, unknown>;

const OWN = fileURLToPath(new URL('fixtures', import.meta.url));
const manifests = process.env.FLOW_DC_MANIFESTS;
const shipped = manifests === undefined || manifests === '' ? undefined : join(manifests, 'flow-dc-configs');
if (shipped === undefined)
  console.warn('SKIPPED: FLOW_DC_MANIFESTS is not set, so the configurations shipped with FLOW-DC are not checked');

function filesOf(folder: string | undefined): string[] {
  return folder === undefined ? [] : readdirSync(folder).map((name) => join(folder, name));
}

/** Every key that FLOW-DC's programs read from a file or take as a flag with a value, program by program. */
const KEYS_OF: Readonly<Record<string, string>> = {
  download_batch: `input input_format url label output output_format concurrent_downloads timeout enable_paarc C_init C_min C_max mu
    startup_theta_50 startup_theta_95 efficiency_threshold efficiency_window beta theta_50 theta_95 probe_rtt_period rtprop_window
    cooldown_floor alpha_ema startup_additive_increase probe_bw_additive_increase max_retry_attempts retry_backoff_sec naming_mode
    file_name_pattern create_tar compress_tar create_overview force_overwrite`,
  SplitParquet: 'parquet url_col groups output_folder grouping_col method output_format add_host_column',
  CalcDatasetSize: 'directory input url_column sample concurrent timeout',
  TaskvineFLOWDC: `port_number parquets_directory output_directory output_format url_col label_col concurrent_downloads timeout
    timeout_sec enable_paarc C_init C_min C_max mu beta theta_50 theta_95 startup_theta_50 startup_theta_95 probe_rtt_period
    rtprop_window cooldown_floor alpha_ema startup_additive_increase probe_bw_additive_increase efficiency_threshold
    efficiency_window max_retry_attempts retry_backoff_sec naming_mode file_name_pattern create_tar compress_tar create_overview
    task_cores task_memory_mb task_disk_mb timeout_minutes max_retries ulimit_nofile`,
  TaskvineFLOWDCCloud: `port_number parquets_directory cloud_destination cloud_tool cloud_put_command url_col label_col
    concurrent_downloads enable_polite_controller timeout_minutes timeout_sec max_retries create_tar output_format
    max_retry_attempts retry_backoff_sec naming_mode create_overview task_cores task_memory_mb task_disk_mb initial_rate min_rate
    max_rate per_host_conc_init per_host_conc_cap control_interval_sec startup_growth_factor latency_degradation_factor headroom
    probe_interval_sec probe_increment backoff_ceiling_factor backoff_cooldown_sec`,
  probe_extensions: 'input output url concurrency timeout batch_size checkpoint_dir extensions',
  'older files': 'gamma_startup gamma_probe',
  'the first versions': `input input_format url label output output_format concurrent_downloads timeout rate_limit rate_capacity
    enable_rate_limiting rate_control_mode max_retry_attempts create_overview naming_mode croissant dataset_name
    dataset_description dataset_url dataset_license dataset_creator dataset_version dataset_citation dataset_keywords
    download_method max_file_size retry_delay startup_max_intervals token_bucket_in_download_single`,
  'programs before FLOW-DC': `input_parquet url_column output_directory filename_column class_col cloud_folder db division excel
    row_name split_folder download_script timeout_minutes max_retries port_number parquets_directory`,
};

describe('files written for FLOW-DC', () => {
  it.each(filesOf(OWN))('%s validates unchanged and is recognised', async (path) => {
    const file = await loadConfigFile(path);
    expect(file.source).toBe('flow-dc');
    const settings = resolveConfig(combineConfig({ file }).config);
    expect(settings.manifest).toMatchObject({ inputs: ['manifests/parts'], urlColumn: 'photo', labelColumn: 'taxon' });
    expect(settings.fetch).toMatchObject({ concurrentDownloads: 1000, timeoutMs: 30_000, retryBackoffMs: 2000 });
    expect(settings.paarc).toMatchObject({ cInit: 8, cMin: 2, cMax: 2000, mu: 1, beta: 0.7 });
    expect(settings.sink.outputFormat).toBe('imagefolder');
  });

  it.skipIf(shipped === undefined)('every configuration shipped with FLOW-DC validates unchanged', async () => {
    const folders = [shipped as string, join(shipped as string, 'earlier')].filter((folder) => existsSync(folder));
    const paths = folders.flatMap(filesOf).filter((path) => path.endsWith('.json'));
    expect(paths.length).toBeGreaterThanOrEqual(9);
    for (const path of paths) {
      const file = await loadConfigFile(path);
      expect(file.source, path).toBe('flow-dc');
      expect(() => resolveConfig(combineConfig({ file }).config, 'download'), path).not.toThrow();
    }
  });
});

describe('files of its first versions', () => {
  it('the token bucket becomes the most requests per second to each host', () => {
    const of = (config: Config): Config['hosts'] =>
      combineConfig({ file: { path: 'old.json', written: config as Values, config, source: 'flow-dc' } }).config.hosts;
    expect(of({ rate_limit: 5, rate_capacity: 10, enable_rate_limiting: true })).toEqual({ '*': { rate: 5 } });
    expect(of({ rate_limit: 5, enable_rate_limiting: false })).toBeUndefined();
    expect(of({ rate_limit: 5 })).toBeUndefined();
  });

  it('each of their keys is named in the block, with its reason', () => {
    const lines = describeFlowDcKeys({ rate_limit: 5, croissant: 'basic_croissant', dataset_name: 'A', db: 'x.db' });
    expect(lines[0]).toBe('FLOW-DC keys in this file: 4');
    expect(lines.join(' ').replace(/\s+/g, ' ')).toMatch(
      /used rate_limit .*no effect croissant \(.*dataset_name \(.*db \(/,
    );
  });
});

it.each(Object.entries(KEYS_OF))('every key of %s is known', (_program, keys) => {
  const unknown = keys.split(/\s+/).filter((key) => !KEY_OF_SPELLING.has(key));
  expect(unknown).toEqual([]);
});

describe('describeFlowDcKeys', () => {
  it('says of every FLOW-DC key whether it is used, replaced or without effect, and why', () => {
    const lines = describeFlowDcKeys({
      url_col: 'u',
      C_max: 3,
      theta_50: 12,
      task_cores: 4,
      gamma_probe: 1,
      shard_size: 10,
    });
    expect(lines[0]).toBe('FLOW-DC keys in this file: 5');
    expect(lines[1]).toBe('  used       url_col=url, C_max');
    const text = lines.join(' ').replace(/\s+/g, ' ');
    expect(text).toContain('replaced theta_50 (PAARC compares');
    expect(text).toContain('no effect task_cores (workers take');
    expect(text).toContain('no effect gamma_probe (a parameter of an older controller');
    expect(text).not.toContain('shard_size');
  });

  it('calls the thresholds used when the command line asks for them', () => {
    expect(describeFlowDcKeys({ timeout: 3, theta_50: 12 }, { keep_thetas: true })[1]).toBe(
      '  used       timeout=timeout_sec, theta_50',
    );
    expect(describeFlowDcKeys({ alpha_ema: 0.3 }, { law: 'original' })[1]).toBe('  used       alpha_ema');
  });

  it('says that uploads work as they did', () => {
    const lines = describeFlowDcKeys({
      port_number: 9123,
      cloud_destination: 'store:bucket',
      cloud_tool: 'rclone',
    }).join('\n');
    expect(lines).toContain('used       port_number (where workers join, as with TaskVine)');
    expect(lines).toContain('used       cloud_destination, cloud_tool');
  });

  it('stays within 100 columns, and is empty without FLOW-DC keys', () => {
    const many = Object.fromEntries(
      ['theta_50', 'theta_95', 'task_cores', 'efficiency_window', 'file_name_pattern'].map((key) => [key, 1]),
    );
    expect(Math.max(...describeFlowDcKeys(many).map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(describeFlowDcKeys({ shard_size: 3 })).toEqual([]);
  });
});
