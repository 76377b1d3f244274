/** What a fuzz target is, and where what it found is kept. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const TARGETS = ['replies', 'manifests', 'tables', 'config', 'images', 'wire'] as const;
export type TargetName = (typeof TARGETS)[number];

/** `targets/NAME.ts` exports these. */
export interface FuzzTarget {
  /**
   * Feed mutated input to the real code for as long as `goOn` says so. An input that crashes it, that it does not end
   * on, or that it answers wrongly goes to `save`, which returns where it lies; then the run goes on.
   * @param options.seed - everything that is drawn comes from it
   * @returns how many inputs there were
   */
  run(options: FuzzRun): Promise<{ readonly cases: number }>;
  /** Feed one saved input again; rejects when it still does what it was saved for. */
  replay?(bytes: Uint8Array): Promise<void> | void;
}

export interface FuzzRun {
  readonly seed: number;
  readonly goOn: () => boolean;
  readonly save: (name: string, bytes: Uint8Array) => string;
}

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

export function isTarget(name: string): name is TargetName {
  return (TARGETS as readonly string[]).includes(name);
}

export async function loadTarget(name: TargetName): Promise<FuzzTarget> {
  return (await import(`./targets/${name}.ts`)) as FuzzTarget;
}

/** The folder of a target's failing inputs, made when it is not there. */
export async function makeFixtureFolder(name: TargetName): Promise<string> {
  const folder = join(FOLDER, 'fixtures', name);
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Every input that failed once, in order of name. */
export async function fixturesOf(name: TargetName): Promise<readonly { readonly file: string; bytes: Uint8Array }[]> {
  const folder = join(FOLDER, 'fixtures', name);
  const files = await readdir(folder).catch(() => []);
  return Promise.all(files.sort().map(async (file) => ({ file, bytes: await readFile(join(folder, file)) })));
}
