/** This tree, docs/errors.md and links against what is there. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ERROR_CODES } from '../src/errors.ts';
import { ROW_CODES } from '../src/row-codes.ts';
import { ROOT } from './run-step.ts';

/** Compare the hand-written docs with what they describe. Prints one line per difference. */
async function checkDocs(): Promise<string[]> {
  const files = await projectFiles();
  const markdown = files.filter((file) => file.endsWith('.md'));
  const links = await Promise.all(markdown.map(brokenLinks));
  return [...(await treeDifferences(files)), ...(await errorDifferences()), ...links.flat()];
}

/** Tracked files and new ones that are not ignored, without those deleted from the working tree. */
async function projectFiles(): Promise<string[]> {
  const { stdout } = await promisify(execFile)(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '-z'],
    {
      cwd: ROOT,
      maxBuffer: 2 ** 26,
    },
  );
  const names = new Set(stdout.split('\0').filter((name) => name !== ''));
  return [...names].filter((name) => existsSync(join(ROOT, name))).sort();
}

/** ARCHITECTURE.md's tree against the files: what it lacks, and what it names that is gone. */
async function treeDifferences(files: readonly string[]): Promise<string[]> {
  const { paths, folders, silent } = parseTree(await readDoc('ARCHITECTURE.md'));
  const isCovered = (file: string) => paths.has(file) || folders.some((folder) => file.startsWith(folder));
  const missing = files.filter((file) => !isCovered(file)).map((file) => `ARCHITECTURE.md: missing ${file}`);
  const known = new Set(files);
  const gone = [...paths].filter((path) => !known.has(path)).map((path) => `ARCHITECTURE.md: ${path} does not exist`);
  const empty = folders.filter((folder) => !files.some((file) => file.startsWith(folder)));
  const undescribed = silent.map((path) => `ARCHITECTURE.md: ${path} has no description`);
  return [...missing, ...gone, ...undescribed, ...empty.map((folder) => `ARCHITECTURE.md: ${folder}** holds no file`)];
}

/**
 * Read the fenced block that starts with "```tree". Two spaces per level; `name/` opens a folder, `name/**` stands for
 * everything below it, anything else is a file. What follows the name is its description.
 */
function parseTree(markdown: string): { paths: Set<string>; folders: string[]; silent: string[] } {
  const block = /```tree\n([\s\S]*?)```/.exec(markdown)?.[1] ?? '';
  const paths = new Set<string>();
  const folders: string[] = [];
  const silent: string[] = [];
  const parents: string[] = [];
  for (const line of block.split('\n')) {
    const match = /^( *)(\S+) *(.*)/.exec(line);
    if (match === null) continue;
    const [, indent = '', name = '', description = ''] = match;
    const prefix = parents.slice(0, indent.length / 2).join('');
    parents.length = indent.length / 2;
    if (!name.endsWith('/') && description === '') silent.push(prefix + name);
    if (name.endsWith('/**')) folders.push(prefix + name.slice(0, -2));
    else if (name.endsWith('/')) parents.push(name);
    else paths.add(prefix + name);
  }
  return { paths, folders, silent };
}

/** docs/errors.md has exactly one table row per code; a table row begins with the code in backticks. */
async function errorDifferences(): Promise<string[]> {
  const text = await readDoc('docs/errors.md');
  const rows = [...text.matchAll(/^\| `(\w+)` \|\s*([^|]*)\|/gm)].map(([, code = '', second = '']) => ({
    code,
    second: second.trim(),
  }));
  const documented = new Set(rows.map((row) => row.code));
  // A family of codes rather than one: its status is the number in it.
  const codes = new Set([...Object.keys(ERROR_CODES), ...Object.keys(ROW_CODES), 'http_NNN']);
  const missing = [...codes].filter((code) => !documented.has(code)).map((code) => `docs/errors.md: missing ${code}`);
  const unknown = [...documented]
    .filter((code) => !codes.has(code))
    .map((code) => `docs/errors.md: ${code} is no code`);
  const twice = rows.filter((row, index) => rows.findIndex((other) => other.code === row.code) !== index);
  return [
    ...missing,
    ...unknown,
    ...twice.map((row) => `docs/errors.md: ${row.code} stands twice`),
    ...rows.flatMap(secondColumn),
  ];
}

/** The second column is the exit code of an error and the `retry` word of a row's code. */
function secondColumn({ code, second }: { code: string; second: string }): string[] {
  const expected =
    code in ERROR_CODES
      ? String(ERROR_CODES[code as keyof typeof ERROR_CODES].exit)
      : code in ROW_CODES
        ? ROW_CODES[code as keyof typeof ROW_CODES].transient
          ? 'yes'
          : 'no'
        : second;
  return second === expected ? [] : [`docs/errors.md: ${code} says "${second}", the code says "${expected}"`];
}

async function brokenLinks(file: string): Promise<string[]> {
  const text = (await readDoc(file)).replace(/```[\s\S]*?```|`[^`\n]*`/g, '');
  const targets = [...text.matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)].map(([, target = '']) => target);
  const relative = targets.filter((target) => !/^([a-z][a-z0-9+.-]*:|#)/i.test(target));
  const missing = relative.filter(
    (target) => !existsSync(join(ROOT, dirname(file), decodeURI(target.split('#')[0] ?? ''))),
  );
  return missing.map((target) => `${file}: link to ${target} leads nowhere`);
}

async function readDoc(name: string): Promise<string> {
  return existsSync(join(ROOT, name)) ? readFile(join(ROOT, name), 'utf8') : '';
}

const problems = await checkDocs();
for (const problem of problems) process.stdout.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
