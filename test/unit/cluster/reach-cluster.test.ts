import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findJoinFile, readJoinFile, readToken, writeJoinFile } from '../../../src/cluster/reach-cluster.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const CONTENT = {
  servers: ['nats://manager:9123'],
  token: 'a-token',
  job: 'photos',
  server: { hostname: 'manager', pid: 4711 },
};

describe('worker.json', () => {
  it('is readable by its owner alone, also when it replaces one that was not', async () => {
    const path = join(await tempFolder(), 'worker.json');
    await writeFile(path, '', { mode: 0o644 });
    await writeFile(`${path}.part`, '', { mode: 0o644 });
    await writeJoinFile(path, CONTENT);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readJoinFile(path)).toMatchObject(CONTENT);
  });

  it('gives its token where a token file is asked for, as does a file with the token in its first line', async () => {
    const folder = await tempFolder();
    await writeJoinFile(join(folder, 'worker.json'), CONTENT);
    await writeFile(join(folder, 'token'), 'plain-token\nanything\n');
    expect(await readToken(join(folder, 'worker.json'))).toBe('a-token');
    expect(await readToken(join(folder, 'token'))).toBe('plain-token');
  });

  it('is refused in one line when it is missing, empty or something else', async () => {
    const path = join(await tempFolder(), 'worker.json');
    await expect(readJoinFile(path)).rejects.toMatchObject({
      code: 'FDC_ERR_USAGE',
      message: expect.stringContaining('ENOENT'),
    });
    await writeFile(path, '{"token":"secret-in-here"}');
    const refused = await readJoinFile(path).catch((error: Error) => error.message);
    expect(refused).toContain('expected the worker.json that submit wrote');
    expect(refused).not.toContain('secret-in-here');
    expect(await findJoinFile(path)).toBeUndefined();
    await writeFile(path, '\n');
    await expect(readToken(path)).rejects.toMatchObject({ code: 'FDC_ERR_USAGE' });
  });
});
