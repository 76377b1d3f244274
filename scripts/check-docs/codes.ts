/** The tables of docs/errors.md, compared with the codes that the program has. */
import { ERROR_CODES } from '../../src/errors.ts';
import { ROW_CODES } from '../../src/row-codes.ts';

/** Exactly one table row per code; a table row begins with the code in backticks. */
export function codeDifferences(page: string): string[] {
  const rows = [...page.matchAll(/^\| `(\w+)` \|\s*([^|]*)\|/gm)].map(([, code = '', second = '']) => ({
    code,
    second: second.trim(),
  }));
  const documented = new Set(rows.map((row) => row.code));
  // A family of codes rather than one: its status is the number in it.
  const codes = new Set([...Object.keys(ERROR_CODES), ...Object.keys(ROW_CODES), 'http_NNN']);
  const twice = rows.filter((row, index) => rows.findIndex((other) => other.code === row.code) !== index);
  return [
    ...[...codes].filter((code) => !documented.has(code)).map((code) => `missing ${code}`),
    ...[...documented].filter((code) => !codes.has(code)).map((code) => `${code} is no code`),
    ...twice.map((row) => `${row.code} stands twice`),
    ...rows.flatMap(secondColumn),
  ];
}

/** The second column is the exit code of an error, and for a row's code whether it may pass. */
function secondColumn({ code, second }: { code: string; second: string }): string[] {
  const expected = Object.hasOwn(ERROR_CODES, code)
    ? String(ERROR_CODES[code as keyof typeof ERROR_CODES].exit)
    : Object.hasOwn(ROW_CODES, code)
      ? ROW_CODES[code as keyof typeof ROW_CODES].transient
        ? 'yes'
        : 'no'
      : second;
  return second === expected ? [] : [`${code} says "${second}", the code says "${expected}"`];
}
