import { describe, expect, it } from 'vitest';
import { combineConfig } from '../../../src/config/combine.ts';
import { isFlowDcFile } from '../../../src/config/flow-dc-file.ts';
import type { ConfigFile } from '../../../src/config/load.ts';
import { checkedConfig } from '../../../src/config/validate.ts';

function file(written: Record<string, unknown>): ConfigFile {
  return {
    path: 'f.json',
    written,
    config: checkedConfig(written).config,
    source: isFlowDcFile(written) ? 'flow-dc' : 'own',
  };
}

const TUNED = {
  timeout: 30,
  theta_50: 12,
  startup_theta_95: 24,
  startup_additive_increase: 30,
  C_max: 1500,
  compress_tar: false,
};

describe('combineConfig', () => {
  it('lets the command line win over the file, and the file over the environment', () => {
    const environment = { FLOW_DC_CONTACT: 'env@example.org' };
    expect(combineConfig({ environment }).config.contact).toBe('env@example.org');
    const own = file({ contact: 'file@example.org', limit: 5, header: ['A: b'] });
    const { config } = combineConfig({ file: own, environment, flags: { limit: 7, header: ['C: d'] } });
    expect(config).toEqual({ contact: 'file@example.org', limit: 7, header: ['C: d'] });
  });

  it('leaves the thresholds of a FLOW-DC file out, and keeps the rest of it', () => {
    expect(combineConfig({ file: file(TUNED) }).config).toEqual({
      timeout_sec: 30,
      C_max: 1500,
      compress_tar: false,
      output_format: 'imagefolder',
    });
  });

  it('uses the thresholds of a FLOW-DC file with keep_thetas, its steps only with law original', () => {
    const kept = combineConfig({ file: file(TUNED), flags: { keep_thetas: true } }).config;
    expect(kept).toMatchObject({ theta_50: 12, startup_theta_95: 24 });
    expect(kept).not.toHaveProperty('startup_additive_increase');
    expect(combineConfig({ file: file(TUNED), flags: { law: 'original' } }).config).toMatchObject({
      theta_50: 12,
      startup_additive_increase: 30,
    });
  });

  it('uses thresholds of an own file and of the command line as they are', () => {
    expect(combineConfig({ file: file({ theta_50: 3 }) }).config).toEqual({ theta_50: 3 });
    expect(combineConfig({ file: file(TUNED), flags: { theta_50: 2 } }).config.theta_50).toBe(2);
  });

  it('tells a FLOW-DC user once that tars are not compressed here', () => {
    const { compress_tar: _, ...relying } = TUNED;
    expect(combineConfig({ file: file(relying) }).notices).toHaveLength(1);
    expect(combineConfig({ file: file(TUNED) }).notices).toEqual([]);
    expect(combineConfig({ file: file({ ...relying, create_tar: false }) }).notices).toEqual([]);
    expect(combineConfig({ file: file({ limit: 3 }) }).notices).toEqual([]);
  });
});

it('a rule for a host on the command line is added to those of the file, in front of them', () => {
  const config = { hosts: { '*': { rate: 9 }, 'a.test': { rate: 3, C_max: 4 } } };
  const file = { path: 'f.json', written: config, config, source: 'own' } as const;
  const { hosts } = combineConfig({ file, flags: { hosts: { 'a.test': { rate: 1 } } } }).config;
  expect(Object.entries(hosts ?? {})).toEqual([
    ['a.test', { rate: 1, C_max: 4 }],
    ['*', { rate: 9 }],
  ]);
});
