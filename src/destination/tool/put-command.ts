/**
 * A command of the user's own, `mytool put {file} {destination}`, or `mytool put - {destination}/{name}` for what comes
 * on stdin: split into words here, run without a shell.
 */
import { resolve } from 'node:path';
import { FlowDcError } from '../../errors.ts';
import { lastPart, type RemoteTool } from './remote-tool.ts';

const PLACEHOLDERS = ['file', 'destination', 'name'] as const;

/**
 * A tool of one command. It is run in the folder of the file, and `{file}` and `{name}` are the file's bare name, as
 * FLOW-DC has it.
 * @param readsStdin - it is given every file on its stdin, and there is no `{file}`
 * Errors: FDC_ERR_CONFIG_INVALID for a template that cannot be split, has no `{file}`, or an unknown placeholder.
 */
export function putCommand(template: string, destination: string, readsStdin = false): RemoteTool {
  const words = splitWords(template);
  const known = new Set<string>(PLACEHOLDERS);
  for (const [text, name = ''] of template.matchAll(/\{(\w*)\}/g))
    if (!known.has(name))
      throw invalid('cloud_put_command', `unknown placeholder ${text}; there are {file}, {destination} and {name}`);
  const [first = '', ...rest] = words;
  if (first === '') throw invalid('cloud_put_command', 'expected a program with its arguments');
  if (/\{\w*\}/.test(first)) throw invalid('cloud_put_command', 'expected a program as the first word');
  if (readsStdin && template.includes('{file}'))
    throw invalid('cloud_put_command', 'with cloud_stream there is no {file}: expected {name}');
  if (!words.some((word) => /\{(file|name)\}/.test(word)))
    throw invalid('cloud_put_command', 'expected {file} where the file is named');
  // The file's folder is not where the user was when they wrote a relative path.
  const program = first.includes('/') ? resolve(first) : first;
  const argsFor = (name: string): string[] => {
    const values: Record<string, string> = { file: name, name, destination };
    return rest.map((word) => word.replace(/\{(\w+)\}/g, (_, key: string) => values[key] as string));
  };
  return {
    name: first,
    install: 'it is the first word of cloud_put_command',
    root: destination,
    prepare: [],
    put: (file, name) => {
      const from = readsStdin ? { input: file } : { folder: file.slice(0, -lastPart(file).length) || '.' };
      return [{ program, args: argsFor(name), ...from }];
    },
    pour: readsStdin ? (name) => ({ program, args: argsFor(name) }) : undefined,
  };
}

/**
 * The words of a command line: blanks divide them, except between quotes; within "double" ones and outside a backslash
 * takes the next character as it is, within 'single' ones nothing does. Nothing else is special: no variable, glob,
 * pipe or tilde.
 * @param key - that holds it, for messages
 * Errors: FDC_ERR_CONFIG_INVALID for a quote that is not closed.
 */
export function splitWords(line: string, key = 'cloud_put_command'): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] as string;
    if (character === '\\' && quote !== "'") {
      at += 1;
      if (at === line.length) throw invalid(key, 'a backslash at its end takes nothing');
      word = (word ?? '') + line[at];
    } else if (quote !== '') {
      if (character === quote) quote = '';
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (quote !== '') throw invalid(key, `a ${quote} is not closed`);
  return word === undefined ? words : [...words, word];
}

function invalid(key: string, problem: string): FlowDcError {
  const message = `${key}: ${problem}`;
  return new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
}
