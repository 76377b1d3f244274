/** A file that says which classes there are, in the order of their numbers. */
import { readFile, stat } from 'node:fs/promises';
import { isObject } from '../config/canonical.ts';
import { MAX_CLASSES } from '../dataset/class-numbers.ts';
import { FlowDcError } from '../errors.ts';

const MAX_BYTES = 128 * 1024 * 1024;

/**
 * Read a text file with a class per line, or JSON: a list of names, or the `classes.json` of a dataset.
 * Errors: FDC_ERR_CONFIG_INVALID.
 */
export async function readClassList(path: string): Promise<readonly string[]> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw new Error(`it has ${size} bytes, expected at most ${MAX_BYTES}`);
    return classList(await readFile(path, 'utf8'));
  } catch (error) {
    const message = `classes: ${path} cannot be used: ${(error as Error).message}`;
    throw new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message], cause: error });
  }
}

/** Throws Error with what is wrong. */
export function classList(text: string): readonly string[] {
  const content = text.replace(/^\ufeff/, '');
  const names = content.trimStart().startsWith('[') ? namesOf(JSON.parse(content)) : content.split(/\r?\n/);
  const classes = names.filter((name) => name !== '');
  if (classes.length === 0) throw new Error('it names no class; expected one per line');
  if (classes.length > MAX_CLASSES) throw new Error(`it names over ${MAX_CLASSES} classes`);
  const seen = new Set<string>();
  for (const name of classes) {
    if (seen.has(name)) throw new Error(`it names ${JSON.stringify(name)} twice`);
    seen.add(name);
  }
  return classes;
}

function namesOf(values: readonly unknown[]): string[] {
  return values.map((value) => {
    const name = isObject(value) ? value.label : value;
    if (typeof name === 'string') return name;
    throw new Error('expected a list of names, or of objects with a label');
  });
}
