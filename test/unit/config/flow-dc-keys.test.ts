import { expect, it } from 'vitest';
import { KEY_OF_SPELLING } from '../../../src/config/schema.ts';

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
};

it.each(Object.entries(KEYS_OF))('every key of %s is known', (_program, keys) => {
  const unknown = keys.split(/\s+/).filter((key) => !KEY_OF_SPELLING.has(key));
  expect(unknown).toEqual([]);
});
