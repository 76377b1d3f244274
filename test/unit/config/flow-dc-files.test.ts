import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { combineConfig } from '../../../src/config/combine.ts';
import { loadConfigFile } from '../../../src/config/load.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';

const OWN = fileURLToPath(new URL('fixtures', import.meta.url));
const manifests = process.env.FLOW_DC_MANIFESTS;
const shipped = manifests === undefined || manifests === '' ? undefined : join(manifests, 'flow-dc-configs');
if (shipped === undefined)
  console.warn('SKIPPED: FLOW_DC_MANIFESTS is not set, so the configurations shipped with FLOW-DC are not checked');

function filesOf(folder: string | undefined): string[] {
  return folder === undefined ? [] : readdirSync(folder).map((name) => join(folder, name));
}

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
    const paths = filesOf(shipped).filter((path) => path.endsWith('.json'));
    expect(paths.length).toBeGreaterThanOrEqual(9);
    for (const path of paths) {
      const file = await loadConfigFile(path);
      expect(file.source, path).toBe('flow-dc');
      expect(() => resolveConfig(combineConfig({ file }).config, 'download'), path).not.toThrow();
    }
  });
});
