/** Compares the hand-written docs with what they describe, and prints one line per difference. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { codeDifferences } from './check-docs/codes.ts';
import { type Surroundings, wrongCommands, wrongFlag } from './check-docs/command-lines.ts';
import { type Code, codeIn, linksIn } from './check-docs/markdown.ts';
import { wrongOpening } from './check-docs/openings.ts';
import { folderDifferences, wrongNames, wrongPath } from './check-docs/places.ts';
import { readProgram } from './check-docs/program.ts';
import { ROOT } from './run-step.ts';

/** Pages that stay short, with the most lines that each may have: four screens for the map, one for the others. */
const MOST_LINES: Readonly<Record<string, number>> = {
  'ARCHITECTURE.md': 180,
  'CONTRIBUTING.md': 40,
  'docs/glossary.md': 50,
};
/** Sources that have to open with what they are; tests say it by their titles. */
const WITH_OPENING = /^(src|scripts|benchmarks|examples|test\/support)\/.*\.ts$/;
/** What users read: a flag that stands alone there is one of flow-dc. */
const FOR_USERS = /^(README|CHANGELOG|docs\/.*)\.md$/;
/** Examples that are no markdown, but whose command lines somebody copies. */
const EXAMPLE = /^examples\/.*\.(sbatch|service|conf)$/;

async function checkDocs(): Promise<string[]> {
  const files = await projectFiles();
  const sources = await readAll(files.filter((file) => WITH_OPENING.test(file)));
  const pages = await readAll(files.filter((file) => file.endsWith('.md')));
  const examples = await readAll(files.filter((file) => EXAMPLE.test(file)));
  const { scripts, files: packed } = JSON.parse(await readDoc('package.json')) as PackageFile;
  const program = await readProgram();
  const around = { program, scripts: new Set(Object.keys(scripts)), exists, packed };
  const map = pages.get('ARCHITECTURE.md') ?? '';
  return [
    ...[...sources].flatMap(([file, text]) => told(file, wrongOpening(text))),
    ...[...pages].flatMap(([file, page]) => problemsOf(file, page, files, around)),
    ...[...examples].flatMap(([file, text]) =>
      linesOf(text).flatMap((code) => told(`${file}:${code.line}`, wrongCommands(code, around))),
    ),
    ...told('ARCHITECTURE.md', [...folderDifferences(codeIn(map), files), ...wrongNames(map, sources)]),
    ...told('docs/errors.md', codeDifferences(pages.get('docs/errors.md') ?? '')),
  ];
}

type Around = Surroundings & { readonly packed: readonly string[] };

interface PackageFile {
  readonly scripts: Readonly<Record<string, string>>;
  readonly files: readonly string[];
}

/** One page by itself: its code, its links, its length. */
function problemsOf(file: string, page: string, files: readonly string[], around: Around): string[] {
  const inCode = codeIn(page).flatMap((code) => {
    const flags = FOR_USERS.test(file) ? wrongFlag(code, around.program) : [];
    return told(`${file}:${code.line}`, [...wrongCommands(code, around), ...flags, ...wrongPath(code, files)]);
  });
  const targets = linksIn(page).map((target) => [target, join(dirname(file), target)] as const);
  const broken = targets.filter(([, path]) => !exists(path));
  const unpacked = isPacked(file, around.packed) ? targets.filter(([, path]) => !isPacked(path, around.packed)) : [];
  const lines = page.trimEnd().split('\n').length;
  const most = MOST_LINES[file] ?? Number.POSITIVE_INFINITY;
  const tooLong = lines > most ? [`has ${lines} lines, at most ${most} are meant`] : [];
  const links = [
    ...broken.map(([target]) => `link to ${target} leads nowhere`),
    ...unpacked.map(([target]) => `link to ${target} leads out of the package, which has this page and not that`),
  ];
  return [...inCode, ...told(file, [...links, ...tooLong])];
}

/** Whether npm packs it: what package.json lists, and what is always packed. */
function isPacked(path: string, packed: readonly string[]): boolean {
  const always = ['README.md', 'LICENSE', 'package.json'];
  return [...always, ...packed].some((entry) => path === entry || path.startsWith(`${entry}/`));
}

function told(place: string, found: readonly string[]): string[] {
  return found.map((text) => `${place}: ${text}`);
}

/** Tracked files and new ones that are not ignored, without those deleted from the working tree. */
async function projectFiles(): Promise<string[]> {
  const { stdout } = await promisify(execFile)(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '-z'],
    { cwd: ROOT, maxBuffer: 2 ** 26 },
  );
  const names = new Set(stdout.split('\0').filter((name) => name !== ''));
  return [...names].filter(exists).sort();
}

async function readAll(files: readonly string[]): Promise<Map<string, string>> {
  return new Map(await Promise.all(files.map(async (file) => [file, await readDoc(file)] as const)));
}

/** Lines of a script or a configuration, comments left out. */
function linesOf(text: string): Code[] {
  return text.split('\n').map((line, index) => ({ line: index + 1, text: line.replace(/^#.*/, ''), isInline: false }));
}

function exists(path: string): boolean {
  return existsSync(join(ROOT, path));
}

async function readDoc(name: string): Promise<string> {
  return readFile(join(ROOT, name), 'utf8');
}

const problems = await checkDocs();
for (const problem of problems) process.stdout.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
