import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeFolderLoaders } from '../support/loaders.ts';
import { askFirst, type Matrix, measure } from './matrix.ts';
import { MODE_NAMES, NOT_RUN, TOOL_NAMES, TOOLS } from './modes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = ['README.md', 'docs/outputs.md'];
/** SQL, and calls of what reads tables. */
const QUERIES = /SELECT [^`"\n]*FROM '[^`"\n]*\.parquet'[^`"\n]*|(?<=`)(polars|pandas|pyarrow)\.[^`]*FOLDER[^`]*/g;
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

  it('answer the first questions that README, docs and card say to ask', async () => {
    const card = await readFile(join(folder, 'webdataset-of-plain', 'README.md'), 'utf8');
    const pages = await Promise.all(PAGES.map((page) => readFile(join(ROOT, page), 'utf8')));
    const found = [...pages, card].flatMap((page) => page.match(QUERIES) ?? []);
    expect(found.length).toBeGreaterThan(8);
    const queries = found.map((query) => ({
      form: query.includes('data-*') ? ('parquet' as const) : ('webdataset' as const),
      query,
    }));
    expect(await askFirst(queries, folder)).toEqual([[], []]);
  });

  it('are asked of every form', () => {
    const asked = new Set<string>(TOOL_NAMES.flatMap((tool) => TOOLS[tool].modes));
    expect(MODE_NAMES.filter((mode) => !asked.has(mode))).toEqual([]);
  });

  it.skip.each(NOT_RUN)('%s is not run here: it takes %s', () => {});
});
