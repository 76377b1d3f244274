import { describe, expect, it } from 'vitest';
import { codeDifferences } from '../../scripts/check-docs/codes.ts';
import { wrongCommands, wrongFlag } from '../../scripts/check-docs/command-lines.ts';
import { codeIn, linksIn } from '../../scripts/check-docs/markdown.ts';
import { wrongOpening } from '../../scripts/check-docs/openings.ts';
import { folderDifferences, wrongNames, wrongPath } from '../../scripts/check-docs/places.ts';
import { readProgram } from '../../scripts/check-docs/program.ts';
import { ERROR_CODES } from '../../src/errors.ts';
import { ROW_CODES } from '../../src/row-codes.ts';

const program = await readProgram();
const around = { program, scripts: new Set(['check', 'test']), exists: (path: string) => path === 'scripts/origin.ts' };
const commandsIn = (page: string) => codeIn(page).flatMap((code) => wrongCommands(code, around));
const files = ['src/chain.ts', 'src/host/host.ts', 'src/stages/sink/sink.ts', 'test/house/house.ts'];

describe('a command line in the docs', () => {
  it.each([
    ['a command that there is not', 'Run `flow-dc retire DEST`.', 'flow-dc has no command retire'],
    [
      'a flag that the command does not take',
      '    flow-dc verify DEST --sample 3',
      'flow-dc verify has no flag --sample',
    ],
    ['a short flag that the command does not take', '`flow-dc jobs -o x`', 'flow-dc jobs has no flag -o'],
    ['a flag of the demo that there is not', '`flow-dc demo --quick`', 'flow-dc demo has no flag --quick'],
    ['a form of config that there is not', '`flow-dc config lint FILE`', 'flow-dc config has no lint'],
    ['no command behind help', '`flow-dc help units`', 'flow-dc help takes one command, not units'],
    ['a flag that no command takes', '`flow-dc COMMAND --halp`', 'flow-dc COMMAND has no flag --halp'],
    ['a command without flow-dc in front', 'Use `submit --confit FILE`.', 'flow-dc submit has no flag --confit'],
    ['a wrong one behind a pipe', '```sh\ncat x | flow-dc downlod -\n```', 'flow-dc has no command downlod'],
    [
      'a wrong flag in the next line',
      '```sh\nflow-dc download x \\\n  --otput y\n```',
      'flow-dc download has no flag --otput',
    ],
    ['a script that npm does not have', '    npm run lint', 'npm has no script lint'],
    ['a program that is not there', 'Then `npx tsx\nscripts/gone.ts`.', 'scripts/gone.ts does not exist'],
  ])('is refused with %s', (_, page, problem) => {
    expect(commandsIn(page)).toEqual([problem]);
  });

  it.each([
    '    flow-dc report DEST...    text; --what-follows two spaces describes it',
    '    flow-dc status [JOB] [--nats URL | --join FILE] [--watch]',
    '```sh\nflow-dc demo --serve --port 8099 -o walk > walk.log &\nnpm test   # all\n```',
    '`flow-dc download --C_max=9 -fo x.parquet`, `flow-dc COMMAND --help`, `flow-dc config check|show|schema`',
    'In a sentence flow-dc retry is no command line, and `flow-dc` alone is none.',
    '`npx tsx scripts/origin.ts --help`, `npm ci`, `npm run check`',
  ])('is accepted where the program has all that it names: %s', (page) => {
    expect(commandsIn(page)).toEqual([]);
  });

  it('is refused with a flag that no command has, which stands alone in a sentence', () => {
    const flags = codeIn('`--max-bytes 1GiB`, `--min-bytes 1`').flatMap((code) => wrongFlag(code, program));
    expect(flags).toEqual(['no command has the flag --min-bytes']);
  });
});

describe('the map of the folders', () => {
  it('is refused without a folder of src, and with one that is gone', () => {
    const map = codeIn('`host/`, `stages/`, `src/job/`, `test/house/`');
    expect(folderDifferences(map, files)).toEqual(['src/stages/sink/ is not named', 'src/job/ does not exist']);
  });

  it('is refused with a name that does not occur where it is to be looked for', () => {
    const page = '| what | look in | for |\n|---|---|---|\n| a host | `host/` | `hostOf`, `#gone`, `host` |';
    const sources = new Map([['src/host/host.ts', 'function hostOf() {} // gone']]);
    expect(wrongNames(page, sources)).toEqual([
      'a host: #gone does not occur in src/host/',
      'a host: host does not occur in src/host/',
    ]);
  });
});

describe('a path in the docs', () => {
  it('is refused where it leads nowhere; links are told from code', () => {
    const code = codeIn('`src/chain.ts` `sink.ts` `src/hosts` `gone.ts` `test/house/` `a/b`');
    expect(code.flatMap((one) => wrongPath(one, files))).toEqual([
      'src/hosts does not exist',
      'gone.ts does not exist',
    ]);
    expect(linksIn('[a](x.md#y) `[b](code.md)` [c](https://nats.io) [d](#here)')).toEqual(['x.md']);
  });
});

describe('the opening of a source file', () => {
  it.each([
    ['no comment', "import x from 'x';"],
    ['two words', '/** Npm test. */'],
    ['no full stop', '/** How rows are read */'],
    ['a full stop in a later paragraph only', '/**\n * The rows:\n *\n * They are read. */'],
    ['a comment further down', "import x from 'x';\n/** How rows are read. */"],
  ])('is refused with %s', (_, source) => {
    expect(wrongOpening(source)).toHaveLength(1);
  });

  it('is accepted with a sentence, behind a shebang and over several lines too', () => {
    expect(wrongOpening('#!/usr/bin/env node\n/** How rows are read. */\n')).toEqual([]);
    expect(wrongOpening('/**\n * How rows of a.csv and\n * b.json are read. More.\n */\n')).toEqual([]);
    expect(wrongOpening('// How rows\n// are read.\n')).toEqual([]);
  });
});

describe('the tables of codes', () => {
  const errors = Object.entries(ERROR_CODES).map(([code, { exit }]) => `| \`${code}\` | ${exit} | x |`);
  const rows = Object.entries(ROW_CODES).map(
    ([code, { transient }]) => `| \`${code}\` | ${transient ? 'yes' : 'no'} |`,
  );
  const page = [...errors, ...rows, '| `http_NNN` | 5xx |'].join('\n');

  it('are accepted with one line for each code', () => {
    expect(codeDifferences(page)).toEqual([]);
  });

  it('are refused with a code that is missing, unknown, twice or described wrongly', () => {
    expect(codeDifferences(page.replace(/^.*`reset`.*\n/m, ''))).toEqual(['missing reset']);
    expect(codeDifferences(`${page}\n| \`gone\` | no |`)).toEqual(['gone is no code']);
    expect(codeDifferences(`${page}\n| \`reset\` | yes |`)).toEqual(['reset stands twice']);
    expect(codeDifferences(page.replace('`reset` | yes', '`reset` | no'))).toEqual([
      'reset says "no", the code says "yes"',
    ]);
  });
});
