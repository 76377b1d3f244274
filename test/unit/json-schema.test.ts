import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv, type Ajv as AjvClass } from 'ajv';
import { expect, it, onTestFinished, vi } from 'vitest';
import { tempFolder } from '../support/temp-folder.ts';

it('uses schemas that are valid themselves, since nothing checks them at run time', async () => {
  const { Ajv: Loaded } = createRequire(import.meta.url)('ajv') as { Ajv: typeof AjvClass };
  const schemas: object[] = [];
  const compile = Loaded.prototype.compile;
  const spy = vi.spyOn(Loaded.prototype, 'compile').mockImplementation(function (this: AjvClass, schema: object) {
    schemas.push(schema);
    return compile.call(this, schema);
  } as typeof compile);
  onTestFinished(() => spy.mockRestore());
  // Each is compiled once in a process, perhaps by another file's tests.
  vi.resetModules();
  const { CONFIG_KEYS } = await import('../../src/config/schema.ts');
  const { checkedConfig } = await import('../../src/config/validate.ts');
  const { folderPaths } = await import('../../src/destination/folder-layout.ts');
  const { readJobFile } = await import('../../src/job/job-file.ts');
  const { recordProblems } = await import('../../src/record-schema.ts');
  checkedConfig(Object.fromEntries([...CONFIG_KEYS.keys()].map((key) => [key, null])));
  recordProblems({});
  const paths = folderPaths(await tempFolder(), 'shards');
  await mkdir(join(paths.jobFile, '..'), { recursive: true });
  await writeFile(paths.jobFile, '{}');
  await readJobFile(paths).catch(() => {});
  expect(schemas.length).toBe(3);
  const full = new Ajv({ strict: true }).addKeyword({ keyword: 'fdc', schemaType: 'object' });
  for (const schema of schemas) expect([full.validateSchema(schema), full.errors ?? []]).toEqual([true, []]);
});
