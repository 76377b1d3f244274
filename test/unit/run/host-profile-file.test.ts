import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadHostProfiles, saveHostProfiles } from '../../../src/run/host-profile-file.ts';
import { HostProfiles } from '../../../src/stages/fetch/schedule/host-profiles.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const seen = { concurrency: 40, p50Ms: 12.5, p95Ms: 80 };
const profile = { host: 'a.example', atMs: 1000, ...seen };
const clock = { wallMs: () => 2000 };

async function folderWith(content: string | undefined): Promise<string> {
  const folder = await tempFolder();
  if (content !== undefined) await writeFile(join(folder, 'hosts.json'), content);
  return folder;
}

function fileOf(changes: object = {}, hosts: readonly object[] = [profile]): string {
  return JSON.stringify({ format: 'flow-dc hosts', version: 1, hosts, ...changes });
}

describe('hosts.json', () => {
  it('gives the next run what this one has learned', async () => {
    const folder = await folderWith(undefined);
    const before = new HostProfiles(clock);
    before.remember('a.example', seen);
    before.remember('[2001:db8::1]:8080', { ...seen, requestsPerSecond: 4.5 });
    expect(await saveHostProfiles(join(folder, 'hosts.json'), before)).toBeUndefined();
    const after = new HostProfiles(clock);
    expect(await loadHostProfiles(join(folder, 'hosts.json'), after)).toEqual([]);
    expect([...after]).toEqual([...before]);
    expect(await readdir(folder)).toEqual(['hosts.json']);
  });

  it('holds names of hosts and numbers, nothing else', async () => {
    const folder = await folderWith(undefined);
    const profiles = new HostProfiles(clock);
    profiles.remember('a.example', seen);
    await saveHostProfiles(join(folder, 'hosts.json'), profiles);
    expect(JSON.parse(await readFile(join(folder, 'hosts.json'), 'utf8'))).toEqual({
      format: 'flow-dc hosts',
      version: 1,
      hosts: [{ ...seen, host: 'a.example', atMs: 2000 }],
    });
  });

  it('is called what a user knows it by, where it is a copy', async () => {
    const folder = await folderWith('garbage');
    const name = 's3://bucket/a/.flow-dc/hosts.json';
    const [notice] = await loadHostProfiles(join(folder, 'hosts.json'), new HostProfiles(clock), name);
    expect(notice).toMatch(/^s3:\/\/bucket\/a\/\.flow-dc\/hosts\.json: ignored/);
    expect(notice).not.toContain(folder);
  });

  it('is not missed when there is none, and not written without hosts', async () => {
    const folder = await folderWith(undefined);
    const profiles = new HostProfiles(clock);
    expect(await loadHostProfiles(join(folder, 'hosts.json'), profiles)).toEqual([]);
    expect(await saveHostProfiles(join(folder, 'hosts.json'), profiles)).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['empty', ''],
    ['cut short', fileOf().slice(0, 60)],
    ['no object', '[]'],
    ['of another program', '{"hosts":[]}'],
    ['of a later version', fileOf({ version: 2 })],
    ['with a URL for a host', fileOf({}, [{ ...profile, host: 'a.example/b?c' }])],
    ['with a limit of 0', fileOf({}, [{ ...profile, concurrency: 0 }])],
    ['with an endless latency', fileOf({}, [profile]).replace('12.5', '1e999')],
    ['with a latency of a year', fileOf({}, [{ ...profile, p50Ms: 3e10 }])],
    ['with a rate of 0', fileOf({}, [{ ...profile, requestsPerSecond: 0 }])],
    ['without a stamp', fileOf({}, [{ host: 'a.example', ...seen }])],
  ])('that is damaged or foreign (%s) is ignored with a notice', async (_case, content) => {
    const folder = await folderWith(content);
    const profiles = new HostProfiles(clock);
    const notices = await loadHostProfiles(join(folder, 'hosts.json'), profiles);
    expect(notices).toEqual([expect.stringMatching(/hosts\.json: ignored \(.+\); hosts are measured anew$/)]);
    expect(profiles.size).toBe(0);
    profiles.remember('b.example', seen);
    expect(await saveHostProfiles(join(folder, 'hosts.json'), profiles)).toBeUndefined();
    expect(await loadHostProfiles(join(folder, 'hosts.json'), new HostProfiles(clock))).toEqual([]);
  });

  it('that is a folder costs two notices and no more', async () => {
    const folder = await tempFolder();
    await mkdir(join(folder, 'hosts.json', 'in-the-way'), { recursive: true });
    const profiles = new HostProfiles(clock);
    expect(await loadHostProfiles(join(folder, 'hosts.json'), profiles)).toHaveLength(1);
    profiles.remember('a.example', seen);
    expect(await saveHostProfiles(join(folder, 'hosts.json'), profiles)).toMatch(
      /not saved .*the next run measures its hosts anew$/,
    );
  });

  it('that is huge is not read', async () => {
    const folder = await folderWith(fileOf().padEnd(33 * 1_048_576));
    expect(await loadHostProfiles(join(folder, 'hosts.json'), new HostProfiles(clock))).toEqual([
      expect.stringContaining('larger than'),
    ]);
  });
});
