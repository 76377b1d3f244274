import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { driftedFiles, generatedFiles } from '../../../scripts/generate-config.ts';
import { flagsOf } from '../../../src/cli/args/flag-table.ts';
import { COMMANDS } from '../../../src/config/schema/key.ts';
import { CONFIG_KEYS, KEY_OF_SPELLING, publishedSchema } from '../../../src/config/schema.ts';

describe('what is generated from the schema', () => {
  it('is in the tree as the schema has it (npx tsx scripts/generate-config.ts)', async () => {
    expect(await driftedFiles()).toEqual([]);
  });

  it('is missed when a file is absent', async () => {
    expect(await driftedFiles('/nowhere')).toEqual([...(await generatedFiles()).keys()]);
  });
});

describe('the schema itself', () => {
  it('names no key, spelling or flag twice', () => {
    const spellings = [...CONFIG_KEYS].flatMap(([key, { fdc }]) => [key, ...(fdc.aliases ?? [])]);
    expect(new Set(spellings).size).toBe(spellings.length);
    for (const command of COMMANDS) expect(() => flagsOf(command)).not.toThrow();
  });

  it('describes every key, gives each a group, and an option to exactly those of a slice that do something', () => {
    for (const [key, { description, fdc }] of CONFIG_KEYS) {
      expect(description.length, key).toBeGreaterThan(10);
      expect(fdc.group, key).toBeDefined();
      const acts = fdc.slice !== undefined && fdc.flowDc?.effect !== 'no-effect';
      expect(fdc.option !== undefined, key).toBe(acts);
    }
  });
});

describe('the published schema', () => {
  const validate = new Ajv({ allErrors: true, strictTypes: false }).compile(publishedSchema());

  it('knows every spelling and no internal keyword', () => {
    const schema = publishedSchema();
    for (const name of KEY_OF_SPELLING.keys()) expect(schema.properties).toHaveProperty([name]);
    expect(JSON.stringify(schema)).not.toContain('"fdc"');
  });

  it('takes what files may say: sizes as text, one text for a list, null, $schema', () => {
    const config = {
      $schema: 'x',
      input: 'a',
      max_bytes: '64 MiB',
      label_col: null,
      hosts: { '*': { C_max: 3, headers: ['A: b'] } },
    };
    expect(validate(config), JSON.stringify(validate.errors)).toBe(true);
  });

  it('refuses what the program refuses', () => {
    for (const config of [
      { tiemout: 3 },
      { C_max: 0 },
      { max_bytes: 'much' },
      { hosts: { '*': { c_max: 3 } } },
      { create_tar: null },
    ]) {
      expect(validate(config), JSON.stringify(config)).toBe(false);
    }
  });
});
