/** Mutated configuration files through loading, combining, resolving and describing: settings, or every problem said. */
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { combineConfig } from '../../../src/config/combine.ts';
import { describeFlowDcKeys } from '../../../src/config/flow-dc-file.ts';
import { loadConfigFile } from '../../../src/config/load.ts';
import { resolveConfig, resolvedKeys } from '../../../src/config/resolve.ts';
import { CONFIG_KEYS, KEY_OF_SPELLING } from '../../../src/config/schema.ts';
import type { Config } from '../../../src/config/types.ts';
import { isFlowDcError } from '../../../src/errors.ts';
import { seededRandom } from '../../../src/structures/seeded-random.ts';
import { inFolder } from '../in-folder.ts';
import { mutate } from '../mutate.ts';
import type { FuzzRun } from '../target.ts';
import { mutateText } from '../tokens.ts';

/** A file of a few kB that takes longer has found something superlinear. */
const SLOW_MS = 5_000;

const TOKENS = [
  ...['{', '}', '[', ']', ',', ':', '"', '\\', '\\u0000', '\n', 'null', 'true', '-1', '0', '1e999', '1.5', '""', '{}'],
  ...['"__proto__":', '"constructor":', '"hosts":{"*":{}},', '"64MiB"', '"1e9TB"', '"-"', '"$schema":1,', '\ufeff'],
];
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1, 0.5, 1e9, Number.MAX_SAFE_INTEGER, 2 ** 53, -0, '', '-', 'none', 'auto', '64MiB'],
  ...[
    '1e400',
    'x'.repeat(100_000),
    [],
    [''],
    [[]],
    [null],
    ['a', 'a'],
    {},
    { '*': {} },
    { '*': null },
    { __proto__: 1 },
  ],
];

export async function run({ seed, goOn, save }: FuzzRun): Promise<{ cases: number }> {
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const seeds = seedFiles();
  const names = [...KEY_OF_SPELLING.keys(), ...CONFIG_KEYS.keys(), '__proto__', 'x'.repeat(10_000), 'timeoutMs', ''];
  let cases = 0;
  await inFolder(async (folder) => {
    for (; goOn(); cases += 1) {
      const text = pick(seeds);
      const draw = random();
      const bytes =
        draw < 0.6
          ? Buffer.from(changed(text, names, random, pick))
          : draw < 0.8
            ? mutateText(Buffer.from(text), TOKENS, random)
            : mutate(Buffer.from(text), random);
      const flaw = await flawOf(folder, bytes);
      if (flaw === undefined) continue;
      process.stdout.write(`${flaw}\n`);
      save(`${seed}-${cases}.json`, bytes);
    }
  });
  return { cases };
}

export async function replay(bytes: Uint8Array): Promise<void> {
  await inFolder(async (folder) => {
    const flaw = await flawOf(folder, bytes);
    if (flaw !== undefined) throw new Error(flaw);
  });
}

/** Valid JSON with some keys and values that are others. */
function changed(
  text: string,
  names: readonly string[],
  random: () => number,
  pick: <T>(from: readonly T[]) => T,
): string {
  const entries = Object.entries(JSON.parse(text) as Record<string, unknown>);
  for (let rounds = 1 + Math.floor(random() * 5); rounds > 0; rounds -= 1) {
    const at = Math.floor(random() * (entries.length + 1));
    const [key, value] = entries[at] ?? [pick(names), pick(VALUES)];
    entries[at] = random() < 0.5 ? [pick(names), value] : [key, pick(VALUES)];
  }
  // Not by an object, which would lose a key `__proto__`, and one that occurs twice.
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value) ?? 'null'}`)}}`;
}

async function flawOf(folder: string, bytes: Uint8Array): Promise<string | undefined> {
  const path = join(folder, 'c.json');
  await writeFile(path, bytes);
  const startMs = performance.now();
  try {
    await resolve(path);
  } catch (error) {
    const flaw = unclear(error);
    if (flaw !== undefined) return flaw;
  }
  const ms = performance.now() - startMs;
  return ms > SLOW_MS ? `took ${ms} ms` : undefined;
}

/** What is loaded is resolved, and what is resolved is a configuration again, which resolves to the same. */
async function resolve(path: string): Promise<void> {
  const file = await loadConfigFile(path);
  describeFlowDcKeys(file.written);
  const { config } = combineConfig({ file });
  const resolved = resolveConfig(config, 'download');
  const again = resolvedKeys(resolveConfig(resolvedKeys(resolved) as Config, 'download'));
  if (JSON.stringify(again) !== JSON.stringify(resolvedKeys(resolved))) throw new Error('resolves to something else');
}

function unclear(error: unknown): string | undefined {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (!isFlowDcError(error) || !error.code.startsWith('FDC_ERR_CONFIG_')) return text;
  const long = [error.message, ...error.issues].find((line) => line.length > 200);
  return long === undefined ? undefined : `a line of ${long.length} characters: ${long.slice(0, 300)}`;
}

/** Configurations of every kind, and those of the folder flow-dc-configs in FLOW_DC_MANIFESTS where that is set. */
function seedFiles(): string[] {
  const own = [
    { input: ['a.parquet'], output: 'out', timeout_sec: 5, hosts: { '*.example.org': { C_max: 5, headers: [] } } },
    { input: 'a.csv', url_col: 'u', label_col: null, timeout: 30, enable_paarc: true, C_init: 4, C_max: 100 },
    { input: '-', output: 'none:', body_memory: '64MiB', header: ['A: b'], robots_tags: ['none'], limit: 5 },
  ];
  const given = process.env.FLOW_DC_MANIFESTS;
  const folder = given === undefined ? undefined : join(given, 'flow-dc-configs');
  const files = folder === undefined ? [] : readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const real = files.filter((name) => name.endsWith('.json')).map((name) => join(folder as string, name));
  return [...own.map((config) => JSON.stringify(config)), ...real.map((file) => readFileSync(file, 'utf8'))];
}
