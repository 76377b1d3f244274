import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/resolve.ts';
import type { Behaviour } from '../../src/demo-hosts/behaviour.ts';
import { type RunJobOptions, runJob } from '../../src/run/run-job.ts';
import type { HostProfile } from '../../src/stages/fetch/schedule/host-profiles.ts';
import { subscribe } from '../../src/telemetry/channels.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { serving } from './fetch/fetching.ts';

const ROWS = 600;

/** A job of 600 rows on two hosts, which takes a second or two. */
async function jobOf(behaviours: readonly Behaviour[] = [{ kind: 'latency', meanMs: 20 }]) {
  const folder = await tempFolder();
  const origin = await serving({ '*': behaviours }, { meanBytes: 500 });
  const input = join(folder, 'rows.txt');
  const urls = Array.from({ length: ROWS }, (_, row) => `http://h${row % 2}.example/secret-path/${row}.jpg`);
  await writeFile(input, urls.join('\n'));
  const out = join(folder, 'out');
  const config = resolveConfig(
    { input, output: out, connect_to: [origin.connectTo], shard_size: 100, open_units: 2, drain_sec: 5 },
    'download',
  );
  const file = join(out, '.flow-dc', 'hosts.json');
  const profiles = async () => (JSON.parse(await readFile(file, 'utf8')) as { hosts: HostProfile[] }).hosts;
  return { file, profiles, run: (options: RunJobOptions = {}) => runJob(config, options) };
}

/** Aborts after some rows. */
function afterRows(rows: number): AbortSignal {
  const stop = new AbortController();
  let seen = 0;
  const unsubscribe = subscribe('flow-dc:row', () => {
    seen += 1;
    if (seen < rows) return;
    unsubscribe();
    stop.abort();
  });
  return stop.signal;
}

/** Aborts as soon as the first host is known: how many rows that takes depends on how busy the machine is. */
function onceKnown(): AbortSignal {
  const stop = new AbortController();
  const unsubscribe = subscribe('flow-dc:limit', ({ transition }) => {
    if (!transition.reason.startsWith('baseline known')) return;
    unsubscribe();
    stop.abort();
  });
  return stop.signal;
}

describe('what a run has learned of its hosts', () => {
  it('is saved when it is done, by host name alone', async () => {
    const { run, profiles, file } = await jobOf();
    expect(await run()).toMatchObject({ complete: true, fetched: ROWS });
    expect((await profiles()).map(({ host }) => host).sort()).toEqual(['h0.example', 'h1.example']);
    expect(await readFile(file, 'utf8')).not.toContain('secret');
  });

  it('is saved when it is drained, and the next run starts from it', async () => {
    const { run, profiles } = await jobOf();
    expect(await run({ drain: afterRows(200) })).toMatchObject({ complete: false });
    const saved = await profiles();
    expect(saved).toHaveLength(2);
    const reasons: string[] = [];
    const unsubscribe = subscribe('flow-dc:limit', ({ transition }) => reasons.push(transition.reason));
    const notices: string[] = [];
    const summary = await run({ onStart: (_manifest, _before, lines) => void notices.push(...lines) });
    unsubscribe();
    expect(summary).toMatchObject({ complete: true, fetched: ROWS });
    expect(notices.filter((line) => !line.startsWith('kept:'))).toEqual([]);
    expect(reasons.length).toBeGreaterThan(0);
    // A host that is known has no need to be looked at first.
    expect(reasons.filter((reason) => reason.startsWith('baseline known'))).toEqual([]);
  });

  it('is saved when it is cut off', async () => {
    const { run, profiles } = await jobOf();
    await expect(run({ abort: onceKnown() })).rejects.toMatchObject({ code: 'FDC_ERR_INTERRUPTED' });
    expect((await profiles()).length).toBeGreaterThan(0);
  });

  it('is no reason to fail: a damaged file is told and replaced', async () => {
    const { run, profiles, file } = await jobOf();
    await run({ drain: afterRows(200) });
    await writeFile(file, '{"format":"flow-dc hosts","version":1,"ho');
    const notices: string[] = [];
    expect(await run({ onStart: (_manifest, _before, lines) => void notices.push(...lines) })).toMatchObject({
      complete: true,
    });
    expect(notices).toContainEqual(expect.stringContaining('hosts are measured anew'));
    expect(await profiles()).toHaveLength(2);
  });

  it('is left alone by a run that has nothing to do', async () => {
    const { run, file } = await jobOf();
    await run();
    await writeFile(file, 'mine');
    await run();
    expect(await readFile(file, 'utf8')).toBe('mine');
  });
});
