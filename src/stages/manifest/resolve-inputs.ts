/** Inputs as the user named them, made into files. */
import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { nearest } from '../../config/nearest.ts';
import { FlowDcError } from '../../errors.ts';
import { schemeOf } from '../../host/remote-url.ts';
import { someOf } from '../../short-text.ts';
import { isArchiveMeta, META, manifestsAmong, memberOf } from './archive-tables.ts';
import { type FileSource, localSource } from './file-source.ts';
import type { ManifestFormat } from './manifest-info.ts';
import { hiveColumns, isBeside, isHiveFolder } from './remote/hive-folders.ts';
import type { FoundFile, Remotes } from './remote/remotes.ts';

export interface ResolvedInputs {
  /** Files in reading order. */
  readonly sources: readonly FileSource[];
  readonly warnings: readonly string[];
}

/**
 * Inputs as the user named them, made into files: a folder is its direct children with a manifest's extension, by name,
 * of one kind (see `manifestsAmong`); a pattern is what it matches, by name;
 * URLs are left to `remotes`.
 * FDC_ERR_MANIFEST_NOT_FOUND for a file that is not there, a folder without manifests, a pattern without matches;
 * FDC_ERR_CONFIG_INVALID without inputs; errors of `remotes`.
 */
export async function resolveInputs(
  inputs: readonly string[],
  remotes: () => Promise<Remotes>,
): Promise<ResolvedInputs> {
  if (inputs.length === 0)
    throw new FlowDcError(
      'FDC_ERR_CONFIG_INVALID',
      'expected a manifest: name a file, a folder, a pattern, or - for stdin',
    );
  const sources: FileSource[] = [];
  const warnings: string[] = [];
  for (const input of inputs) {
    // A file may be called so.
    const isThere = schemeOf(input) === undefined && (await stat(input).catch(() => undefined)) !== undefined;
    const { file, member } = isThere ? { file: input, member: undefined } : memberOf(input);
    const below = literalFolder(file);
    const add = (source: FileSource, place: string): void =>
      void sources.push(inFolders(member === undefined ? source : { ...source, member }, place));
    if (schemeOf(input) === undefined) {
      for (const name of await filesOf(file, warnings))
        add(localSource(name), path.relative(path.resolve(below), path.resolve(name)));
    } else {
      // Of a web server, an address is one file, whatever is in it.
      const isBelow = !/^http/i.test(file);
      for (const found of await (await remotes()).find(file, warnings, readOf))
        add(asSource(found), isBelow ? found.name.slice(below.length) : '');
    }
  }
  return { sources, warnings };
}

/** Of an input, the part that every file of it lies in. */
function literalFolder(input: string): string {
  return isGlob(input) ? input.slice(0, input.search(GLOB)).replace(/[^/\\]*$/, '') : input;
}

/** With the columns that the folders give in which it lies, below what was named. */
function inFolders(source: FileSource, relative: string): FileSource {
  const hive = hiveColumns(relative);
  return hive === undefined ? source : { ...source, hive };
}

/** What servers call the formats; `text/plain` says nothing. */
const TYPES: ReadonlyMap<string, ManifestFormat> = new Map([
  ['text/csv', 'csv'],
  ['text/tab-separated-values', 'tsv'],
  ['application/json', 'json'],
  ['application/jsonl', 'jsonl'],
  ['application/x-ndjson', 'jsonl'],
  ['application/vnd.apache.parquet', 'parquet'],
]);

function asSource({ contentType = '', ...found }: FoundFile): FileSource {
  return { ...found, typed: TYPES.get((contentType.split(';')[0] as string).trim().toLowerCase()) };
}

async function filesOf(input: string, warnings: string[]): Promise<string[]> {
  const stats = await stat(input).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw unopenable(input, error);
  });
  if (stats?.isDirectory()) return childrenOf(input, warnings);
  if (stats?.isFile()) return [input];
  if (stats !== undefined)
    throw new FlowDcError(
      'FDC_ERR_MANIFEST_NOT_FOUND',
      `${input} is not a regular file: pass a pipe or device as stdin, with -`,
    );
  if (isGlob(input)) return matchesOf(input);
  throw await notFound(input);
}

/** FDC_ERR_MANIFEST_NOT_FOUND with the system's reason. */
export function unopenable(input: string, error: NodeJS.ErrnoException): FlowDcError {
  const reason =
    error.code === 'EACCES' ? 'permission denied' : error.code === 'ENOENT' ? 'no such file' : error.message;
  return new FlowDcError('FDC_ERR_MANIFEST_NOT_FOUND', `${input} cannot be opened: ${reason}`, { cause: error });
}

async function childrenOf(folder: string, warnings: string[]): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw unopenable(folder, error);
  });
  const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  if (names.includes(META) && (await isMetaXml(path.join(folder, META)))) return [path.join(folder, META)];
  for (const entry of entries)
    if (entry.isDirectory() && isHiveFolder(entry.name)) names.push(...(await allBelow(folder, entry.name)));
  return readOf(folder, names, warnings).map((name) => path.join(folder, name));
}

/** Whether a file describes a Darwin Core Archive, of which the tables beside it are parts. */
async function isMetaXml(file: string): Promise<boolean> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    throw unopenable(file, error);
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
    return isArchiveMeta(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

/** Files below a folder of a folder, by their paths within the outer one. */
async function allBelow(folder: string, name: string): Promise<string[]> {
  const entries = await readdir(path.join(folder, name), { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      throw unopenable(path.join(folder, name), error);
    },
  );
  const files: string[] = [];
  for (const entry of entries) {
    const inner = `${name}/${entry.name}`;
    if (!entry.isDirectory()) files.push(inner);
    else if (!/^[._]/.test(entry.name)) files.push(...(await allBelow(folder, inner)));
  }
  return files;
}

/** Of the files of a folder. */
function readOf(folder: string, names: readonly string[], warnings: string[]): string[] {
  const { taken, passed } = manifestsAmong(names);
  if (taken.length === 0) {
    throw new FlowDcError(
      'FDC_ERR_MANIFEST_NOT_FOUND',
      `${folder} holds no manifest (parquet, csv, tsv, txt, json, jsonl, xlsx or xml, also .gz, .zst, .bz2, .xz and ` +
        '.br, or in a zip or tar; only the folder itself is searched, and folders in it called key=value): name the files',
    );
  }
  if (passed.length > 0)
    warnings.push(
      `${folder}: only ${someOf(taken, 2)} in it ${taken.length === 1 ? 'is' : 'are'} read; name ${someOf(passed, 3)} ` +
        'to read other files too',
    );
  return taken;
}

/** Whether a name holds any of `* ? [ {`. A file that exists under such a name is taken as it is. */
function isGlob(name: string): boolean {
  return GLOB.test(name);
}

const GLOB = /[*?[{]/;

/**
 * Files that match a pattern, sorted. `*` and `?` stay within a name and skip names with a leading dot, `**` spans
 * folders, `[a-z]`, `[!a-z]` and `{a,b}` are as in a shell.
 */
export async function expandGlob(pattern: string): Promise<string[]> {
  // Most inputs are no patterns.
  const { glob } = await import('tinyglobby');
  const matches = await glob(pattern, { absolute: path.isAbsolute(pattern), expandDirectories: false });
  // A class such as [!a] matches a leading dot in the library, and in no shell.
  const wantsHidden = HIDDEN.test(pattern);
  return matches.filter((match) => wantsHidden || !HIDDEN.test(match)).sort();
}

/** A part of a path that begins with a dot, other than `.` and `..`. */
const HIDDEN = /(^|\/)\.(?!\.?(\/|$))/;

async function matchesOf(pattern: string): Promise<string[]> {
  const below = literalFolder(pattern);
  const matches = (await expandGlob(pattern)).filter((match) => !isBeside(path.relative(below, match)));
  if (matches.length === 0)
    throw new FlowDcError('FDC_ERR_MANIFEST_NOT_FOUND', `no file matches ${pattern}: check the pattern and the folder`);
  return matches;
}

async function notFound(input: string): Promise<FlowDcError> {
  const siblings = await readdir(path.dirname(input)).catch(() => []);
  const near = nearest(path.basename(input), siblings);
  const hint =
    near === undefined
      ? `check the path (searched from ${path.resolve('.')})`
      : `did you mean ${path.join(path.dirname(input), near)}?`;
  return new FlowDcError('FDC_ERR_MANIFEST_NOT_FOUND', `${input} does not exist: ${hint}`);
}
