import { describe, expect, it } from 'vitest';
import { describeFlowDcKeys } from '../../../src/config/describe-flow-dc.ts';

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

  it('says that workers do not upload, and what to do instead', () => {
    const lines = describeFlowDcKeys({
      port_number: 9123,
      cloud_destination: 'store:bucket',
      cloud_tool: 'rclone',
    }).join('\n');
    expect(lines).toContain('used       port_number (where workers join, as with TaskVine)');
    expect(lines).toMatch(/no effect {2}cloud_destination, cloud_tool \(workers do not upload: give -o a folder/);
  });

  it('stays within 100 columns, and is empty without FLOW-DC keys', () => {
    const many = Object.fromEntries(
      ['theta_50', 'theta_95', 'task_cores', 'efficiency_window', 'file_name_pattern'].map((key) => [key, 1]),
    );
    expect(Math.max(...describeFlowDcKeys(many).map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(describeFlowDcKeys({ shard_size: 3 })).toEqual([]);
  });
});
