import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeFolderLoaders } from '../support/loaders.ts';
import { type Matrix, measure } from './matrix.ts';
import { MODE_NAMES, NOT_RUN, TOOL_NAMES, TOOLS } from './modes.ts';

const KNOWN = fileURLToPath(new URL('matrix.json', import.meta.url));

describeFolderLoaders("people's own programs", () => {
  let folder: string;
  let found: Matrix;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flow-dc-loaders-'));
    found = await measure(folder);
  }, 240_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  // docs/outputs.md shows what is in the file; when this differs: npx tsx scripts/loader-table.ts --measure
  it.each(TOOL_NAMES)('open what docs/outputs.md says that they open, every sample of it right: %s', async (tool) => {
    const known = JSON.parse(await readFile(KNOWN, 'utf8')) as Matrix;
    expect(found[tool]).toEqual(known[tool]);
  });

  it('are asked of every form', () => {
    const asked = new Set<string>(TOOL_NAMES.flatMap((tool) => TOOLS[tool].modes));
    expect(MODE_NAMES.filter((mode) => !asked.has(mode))).toEqual([]);
  });

  it.skip.each(NOT_RUN)('%s is not run here: it takes %s', () => {});
});
