/** Read and check a configuration file. */
import { readFile } from 'node:fs/promises';
import { FlowDcError } from '../errors.ts';
import { isObject } from './canonical.ts';
import { isFlowDcFile } from './flow-dc-file.ts';
import type { Config } from './types.ts';
import { checkedConfig, configInvalid } from './validate.ts';

export interface ConfigFile {
  readonly path: string;
  /** The file's keys and values as written. */
  readonly written: Readonly<Record<string, unknown>>;
  /** The same under own names and in plain values. */
  readonly config: Config;
  /** Whether FLOW-DC's habits apply to it, as isFlowDcFile decides. */
  readonly source: 'flow-dc' | 'own';
}

/**
 * Read and check a configuration file.
 * Errors: FDC_ERR_CONFIG_UNREADABLE when it cannot be read or is not a JSON object, naming line and column;
 * FDC_ERR_CONFIG_INVALID with every problem of its keys.
 */
export async function loadConfigFile(path: string): Promise<ConfigFile> {
  const written = parseObject(path, await textOf(path));
  const { config, problems } = checkedConfig(written);
  if (problems.length > 0) throw configInvalid(path, problems);
  return { path, written, config: config as Config, source: isFlowDcFile(written) ? 'flow-dc' : 'own' };
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const what =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EISDIR'
          ? 'it is a folder; name a JSON file'
          : code === 'EACCES'
            ? 'permission denied'
            : String(code ?? error);
    throw new FlowDcError('FDC_ERR_CONFIG_UNREADABLE', `${path}: cannot read the configuration: ${what}`, {
      cause: error,
    });
  }
}

function parseObject(path: string, text: string): Record<string, unknown> {
  // Editors on Windows like to begin a file with a byte order mark, which JSON.parse refuses.
  const json = text.startsWith('\ufeff') ? text.slice(1) : text;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new FlowDcError('FDC_ERR_CONFIG_UNREADABLE', `${path}${whereBroken(json, error)}`, { cause: error });
  }
  if (isObject(value)) return value;
  throw new FlowDcError(
    'FDC_ERR_CONFIG_UNREADABLE',
    `${path}: expected a JSON object with keys such as "input" and "output"`,
  );
}

/** `:3:17: not JSON: ...`, counting lines and columns from 1. */
function whereBroken(json: string, error: unknown): string {
  const lines = json.slice(0, breakOffset(json)).split('\n');
  const message = error instanceof Error ? error.message : String(error);
  const reason = message.replace(/ in JSON at position.*$/s, '').replace(/, (\.\.\.)?".*$/s, '');
  return `:${lines.length}:${(lines.at(-1) ?? '').length + 1}: not JSON: ${reason}`;
}

/**
 * Where JSON stops being JSON. V8 tells the position of some faults only, so the longest beginning that could still be
 * continued is searched by halving: cut there, the complaint is about the end and no longer about a character.
 */
function breakOffset(json: string): number {
  let good = 0;
  let bad = json.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (couldContinue(json.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function couldContinue(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const position = /position (\d+)/.exec(message)?.[1];
    return /Unexpected end|Unterminated/.test(message) || Number(position) >= beginning.length;
  }
}
