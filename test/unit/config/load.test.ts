import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfigFile } from '../../../src/config/load.ts';

async function fileWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'flow-dc-config-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'c.json');
  await writeFile(path, text);
  return path;
}

describe('loadConfigFile', () => {
  it.each([
    ['{\n  "input": "a",\n}', ':3:1: not JSON'],
    ['{\n  "insecure": tru\n}', ':2:18: not JSON'],
    ["{\n  'input': 1}", ':2:3: not JSON'],
    ['{"input": "a"', ':1:14: not JSON'],
    ['', ':1:1: not JSON'],
  ])('names line and column of broken JSON: %j', async (text, where) => {
    const path = await fileWith(text);
    await expect(loadConfigFile(path)).rejects.toMatchObject({
      code: 'FDC_ERR_CONFIG_UNREADABLE',
      message: expect.stringContaining(`${path}${where}`),
    });
  });

  it('says that a file is missing, or no object', async () => {
    await expect(loadConfigFile('/nowhere/c.json')).rejects.toMatchObject({
      code: 'FDC_ERR_CONFIG_UNREADABLE',
      message: '/nowhere/c.json: cannot read the configuration: there is no such file',
    });
    await expect(loadConfigFile(await fileWith('[1]'))).rejects.toThrow('expected a JSON object');
  });

  it('names the file in front of every problem', async () => {
    const path = await fileWith('{"inptu": "a", "mu": 3}');
    await expect(loadConfigFile(path)).rejects.toMatchObject({
      code: 'FDC_ERR_CONFIG_INVALID',
      message: `${path}: unknown key inptu; did you mean input?; mu: expected a number above 0 and of at most 1, got 3`,
    });
  });

  it('reads a file with a byte order mark and a $schema', async () => {
    const file = await loadConfigFile(await fileWith('\ufeff{"$schema": "x", "input": "a"}'));
    expect(file).toMatchObject({ source: 'own', config: { input: ['a'] } });
  });

  it('takes a file for one of FLOW-DC by keys that only FLOW-DC writes', async () => {
    const sourceOf = async (config: object) => (await loadConfigFile(await fileWith(JSON.stringify(config)))).source;
    expect(await sourceOf({ url_col: 'u' })).toBe('flow-dc');
    expect(await sourceOf({ efficiency_window: 5 })).toBe('flow-dc');
    expect(await sourceOf({ input: 'a', url: 'u', theta_50: 3, C_max: 5 })).toBe('own');
  });
});
