/**
 * The table of docs/outputs.md that says which program opens what, out of test/loaders/matrix.json:
 * `npx tsx scripts/loader-table.ts`. With --measure the programs are asked first, which takes a minute; with --check
 * nothing is written, and the exit code is 1 when the page differs.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Matrix, measure } from '../test/loaders/matrix.ts';
import { MODE_NAMES, NOT_RUN, TOOL_NAMES, TOOLS, type Tool } from '../test/loaders/modes.ts';
import { obtainPythonSet } from './python-packages.ts';
import { ROOT } from './run-step.ts';

const MATRIX = join(ROOT, 'test', 'loaders', 'matrix.json');
const PAGE = join(ROOT, 'docs', 'outputs.md');
const [START, END] = ['<!-- loaders: generated -->', '<!-- end of loaders -->'];

function table(matrix: Matrix): string {
  const rows = TOOL_NAMES.map((name) => {
    const { title, modes }: Tool = TOOLS[name];
    const cells = MODE_NAMES.map((mode) => (modes.includes(mode) ? cell(matrix[name]?.[mode] ?? {}) : '-'));
    return `| ${[title, ...cells].join(' | ')} |`;
  });
  const apart = NOT_RUN.map(([name]) => `| ${[name, ...MODE_NAMES.map(() => 'not run')].join(' | ')} |`);
  const lines = [`| | ${MODE_NAMES.join(' | ')} |`, `|---|${MODE_NAMES.map(() => '---|').join('')}`, ...rows, ...apart];
  const why = NOT_RUN.map(([name, takes]) => `${name} (${takes})`).join(' and ');
  return `${lines.join('\n')}\n\nNot run by the tests: ${why}.\n`;
}

/** `all`, or all but the manifests that it does not read. */
function cell(verdicts: Matrix[string][string]): string {
  const bad = Object.entries(verdicts).flatMap(([manifest, problems]) => (problems.length > 0 ? [manifest] : []));
  return bad.length === 0 ? 'all' : `all but ${bad.join(', ')}`;
}

function withTable(page: string, matrix: Matrix): string {
  const [from, to] = [page.indexOf(START), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${PAGE}: expected ${START} and ${END}`);
  return `${page.slice(0, from + START.length)}\n\n${table(matrix)}\n${page.slice(to)}`;
}

async function remeasured(): Promise<Matrix> {
  await Promise.all([obtainPythonSet('loaders'), obtainPythonSet('torchless')]);
  const folder = await mkdtemp(join(tmpdir(), 'flow-dc-loaders-'));
  try {
    return await measure(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--measure')) await writeFile(MATRIX, `${JSON.stringify(await remeasured(), undefined, 2)}\n`);
  const matrix = JSON.parse(await readFile(MATRIX, 'utf8')) as Matrix;
  const page = await readFile(PAGE, 'utf8');
  const due = withTable(page, matrix);
  if (args.includes('--check')) {
    if (page !== due) process.stderr.write('docs/outputs.md differs; run npx tsx scripts/loader-table.ts\n');
    return page === due ? 0 : 1;
  }
  await writeFile(PAGE, due);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
