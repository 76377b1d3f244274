import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

/** `path:line: text` of every line of code, comments taken out, in which `pattern` occurs. */
async function occurrences(folder: string, pattern: RegExp, except: readonly string[] = []): Promise<string[]> {
  const names = await readdir(join(SRC, folder), { recursive: true });
  const files = names
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith('.ts') && !except.some((path) => name.startsWith(path)));
  const hits = files.map(async (file) => {
    const text = withoutComments(await readFile(join(SRC, file), 'utf8'));
    return text
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`src/${file}:${index + 1}: ${line.trim()}`] : []));
  });
  return (await Promise.all(hits)).flat();
}

/** Blank out comments and keep the line numbers. */
function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|\s)\/\/.*$/gm, '$1');
}

describe('the control law', () => {
  it('reads no clock, starts no timer and draws no random number', async () => {
    const impure =
      /\b(Date|performance|setTimeout|setInterval|setImmediate|queueMicrotask|process|globalThis|crypto)\b|\bMath\s*\.\s*random\b/;
    expect(await occurrences('paarc', impure)).toEqual([]);
  });

  it('imports nothing outside its folder', async () => {
    expect(await occurrences('paarc', /\b(from|import|require)\b\s*\(?\s*['"](?!\.\/[\w-]+\.ts['"])/)).toEqual([]);
  });
});

describe('budgets shared by several machines', () => {
  it('are decided without a clock, a timer, a random number or a socket', async () => {
    const impure =
      /\b(Date|performance|setTimeout|setInterval|setImmediate|process|globalThis|crypto)\b|\bMath\s*\.\s*random\b|@nats-io|node:/;
    expect(await occurrences('host-budget', impure, ['host-budget/wire'])).toEqual([]);
  });
});

describe('what people read', () => {
  it('goes out through cli/terminal/process.ts only, which makes visible what a terminal would obey', async () => {
    const raw = /(?<![#\w])(stdout|stderr|output|io)\s*\.\s*write\b|\bconsole\s*\.|\bprocess\s*\.\s*emitWarning\b/;
    expect(await occurrences('.', raw, ['cli/terminal/process.ts', 'cli/main.ts'])).toEqual([]);
    // The text that is handed on as it is has nothing in it that was not written down there, or passed `visible`.
    const own = await occurrences('cli', /\bwriteOwn\(/, ['cli/terminal/process.ts']);
    const known =
      /writeOwn\((stderr, (CLEAR_LINE|isOpen \?|`\$\{CLEAR_LINE\}\$\{barLine)|(io|process)\.stdout, (HELP|SHORT_HELP|CLEAR|helpFor|shellScript|candidateLines|await help)|$)/;
    expect(own.filter((line) => !known.test(line))).toEqual([]);
  });

  it('is made HTML, or a line of a log, after it was made visible', async () => {
    const logged = await occurrences('cli', /\bfile\.write\(/);
    expect(logged.filter((line) => !line.includes('file.write(loggedLine('))).toEqual([]);
    expect(await occurrences('report/html', /replaceAll\(\/\[&<>"'\]/)).toEqual([
      expect.stringContaining('visible(text)'),
    ]);
  });
});

describe('time', () => {
  it('is read in src/clock.ts only, so that every stage runs on a virtual clock', async () => {
    const clock = /\bDate\s*\.\s*now\b|\bnew Date\(\)|\bperformance\s*\.\s*now\b|\bset(Timeout|Interval)\s*\(/;
    expect(await occurrences('.', clock, ['clock.ts'])).toEqual([]);
  });
});
