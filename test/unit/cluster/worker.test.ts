import { describe, expect, it } from 'vitest';
import { jobNameOf } from '../../../src/cluster/open-cluster-job.ts';
import { WorkCounter, withoutClusterKeys, workerConfig } from '../../../src/cluster/worker.ts';
import { subscribe } from '../../../src/telemetry/channels.ts';
import { refused } from '../../../src/transport/nats/connection/refused.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('the configuration of a worker', () => {
  it('is the job’s in what is fetched and written, and its own in how it runs', () => {
    const settings = {
      output_format: 'imagefolder',
      shard_size: 300,
      timeout_sec: 7,
      law: 'fixed',
      log_file: '/submitter/log',
      drain_sec: 1,
    };
    const config = workerConfig(settings, { header: ['X-Key: 1'], timeout_sec: 9, drain_sec: 5 });
    expect(config.sink.outputFormat).toBe('imagefolder');
    expect(config.fetch).toMatchObject({ law: 'fixed', timeoutMs: 9000, headers: ['X-Key: 1'] });
    expect(config.run).toMatchObject({ drainMs: 5000 });
    expect(config.run.logFile).toBeUndefined();
  });

  it('has the way to the store from the job, unless it was told another one, and never its credentials', () => {
    const settings = { s3_endpoint: 'https://a.example', s3_region: 'eu-central-1', s3_profile: 'of-the-submitter' };
    expect(workerConfig(settings, {}).store).toMatchObject({ endpoint: 'https://a.example', region: 'eu-central-1' });
    expect(workerConfig(settings, {}).store.profile).toBeUndefined();
    const own = { s3_endpoint: 'http://b.example', s3_profile: 'mine' };
    expect(workerConfig(settings, own).store).toMatchObject({ endpoint: 'http://b.example', profile: 'mine' });
  });

  it('refuses settings that this version does not know, naming them', () => {
    expect(() => workerConfig({ key_of_tomorrow: 1 }, {})).toThrow(/key_of_tomorrow/);
  });

  it('never carries how machines meet into what is kept in the output', () => {
    expect(
      withoutClusterKeys({
        url: 'url',
        nats: ['nats://h'],
        token_file: '/t',
        job: 'j',
        port_number: 1,
        take_over: true,
      }),
    ).toEqual({
      url: 'url',
    });
  });
});

describe('what a worker says of itself', () => {
  it('counts what it refused, of whatever job', () => {
    const counter = new WorkCounter(new VirtualClock());
    expect(counter.read(0).refused).toBe(0);
    refused('fd.job.u.somebody', 'names no unit');
    expect(counter.read(0).refused).toBe(1);
    counter.close();
  });

  it('shows at most 200 plain characters of what a stranger wrote', () => {
    const heard: string[] = [];
    const stop = subscribe('flow-dc:refused', ({ where, why }) => void heard.push(where, why));
    refused('fd.\u001b[2J', 'x'.repeat(5_000));
    stop();
    expect(heard).toEqual(['fd.?[2J', 'x'.repeat(200)]);
  });
});

describe('the name of a job', () => {
  it('is made of the folder’s name and the job’s id, and can always be part of a subject', () => {
    const id = '3f2a9c1d-0000-4000-8000-000000000000';
    expect(jobNameOf({ out: '/shared/photos of birds!', id })).toBe('photos-of-birds-3f2a9c1d');
    expect(jobNameOf({ out: `/${'x'.repeat(80)}`, id })).toMatch(/^[A-Za-z0-9_-]{1,32}$/);
    expect(jobNameOf({ out: '/数据', id })).toBe('3f2a9c1d');
  });
});
