/** Command lines in the docs, checked against what the program, `npm` and the tree really have. */
import type { Code } from './markdown.ts';
import type { Program } from './program.ts';

/** What command lines may name. */
export interface Surroundings {
  readonly program: Program;
  /** Scripts of package.json. */
  readonly scripts: ReadonlySet<string>;
  /** Whether a file or folder is there, relative to the project. */
  readonly exists: (path: string) => boolean;
}

/** Where a command ends: at another one, or two spaces before words about it. */
const END = /\s{2,}|;|&&|\s(?:\||&|\d?>|<)(?:\s|$)/;
const FLAG = /^--?[a-zA-Z][\w-]*(?==|$)/;

/** What is wrong with the command lines in a piece of code; a piece without any is right. */
export function wrongCommands({ text, isInline }: Code, { program, scripts, exists }: Surroundings): string[] {
  const wrong: string[] = [];
  for (const words of callsOf('flow-dc', text)) wrong.push(...wrongWords(words, program));
  for (const [verb, name = ''] of callsOf('npm', text)) {
    const script = verb === 'run' ? name : verb === 'test' ? verb : undefined;
    if (script !== undefined && !scripts.has(script)) wrong.push(`npm has no script ${script}`);
  }
  for (const words of [...callsOf('npx', text), ...callsOf('node', text)]) {
    const paths = words.filter((word) => /^(scripts|benchmarks|examples|test|src)\//.test(word));
    wrong.push(...paths.filter((path) => !exists(path)).map((path) => `${path} does not exist`));
  }
  // `submit --config` in a sentence is a command line without its first word.
  const words = text.split(' ');
  if (isInline && program.commands.includes(words[0] ?? '') && words.some((word) => FLAG.test(word)))
    wrong.push(...wrongWords(words, program));
  return wrong;
}

/** A flag that stands alone in a sentence has to be one of some command. */
export function wrongFlag({ text, isInline }: Code, { commands, isFlag }: Program): string[] {
  const flag = FLAG.exec(text.split(' ')[0] ?? '')?.[0];
  if (!isInline || flag === undefined || commands.some((command) => isFlag(command, flag))) return [];
  return [`no command has the flag ${flag}`];
}

/** The words behind each call of `name` in a line of shell. Of a usage line's `[a | b]` both are taken. */
function callsOf(name: string, text: string): string[][] {
  const shell = text
    .replace(/(^|\s)#\s.*$/, '')
    .replace(/\[([^\]]*)\]/g, (_, words: string) => words.replaceAll('|', ' '));
  const calls = shell.matchAll(new RegExp(`(?<=^|[\\s;&|(])${name} +(?=\\S)`, 'g'));
  return [...calls].map((call) => {
    const [own = ''] = shell.slice(call.index + call[0].length).split(END);
    return own.split(' ').filter((word) => word !== '');
  });
}

/** @param words - what follows `flow-dc`. COMMAND and other words in capitals stand for any command. */
function wrongWords([name = '', ...words]: readonly string[], { commands, verbs, isFlag }: Program): string[] {
  if (name.startsWith('-')) return /^(-h|--help|-v|-V|--version)$/.test(name) ? [] : [`flow-dc has no flag ${name}`];
  if (name === 'help') {
    const isRight = words.every((word, at) => at === 0 && (/^[A-Z]+$/.test(word) || commands.includes(word)));
    return isRight ? [] : [`flow-dc help takes one command, not ${words.join(' ')}`];
  }
  const meant = /^[A-Z]+$/.test(name) ? commands : commands.filter((command) => command === name);
  if (meant.length === 0) return [`flow-dc has no command ${name}`];
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  const flags = own.flatMap((word) => FLAG.exec(word)?.[0] ?? []);
  const wrongFlags = flags.filter((flag) => !meant.some((command) => isFlag(command, flag)));
  const allowed = verbs.get(name) ?? [];
  const given = allowed.length === 0 || own[0] === undefined || FLAG.test(own[0]) ? [] : own[0].split('|');
  const wrongVerbs = given.filter((verb) => !allowed.includes(verb));
  return [
    ...wrongFlags.map((flag) => `flow-dc ${name} has no flag ${flag}`),
    ...wrongVerbs.map((verb) => `flow-dc ${name} has no ${verb}`),
  ];
}
