/**
 * Which rows of outcome tables are meant, in words: `fetched`, `failed`, `skipped`, `transient`, codes, or COLUMN=VALUE.
 */
import type { RecordBatch } from 'apache-arrow';
import { textColumn } from '../../arrow/text.ts';
import { FlowDcError } from '../../errors.ts';
import { isTransient, ROW_CODES, type RowCode } from '../../row-codes.ts';
import { columnOf } from '../parquet-file.ts';

/** Whether a row is meant, by its number in a batch of an outcome table. */
export type RowFilter = (batch: RecordBatch) => (row: number) => boolean;

/** `stored` is what fetched rows were called once. */
const STATUSES: Readonly<Record<string, string>> = {
  ...{ fetched: 'fetched', failed: 'failed', skipped: 'skipped' },
  stored: 'fetched',
};

/**
 * Codes, `transient` for those that may pass, `all`.
 * @param words - separate ones; a code is meant that any of them means
 * Errors: FDC_ERR_USAGE.
 */
export function codeFilter(words: readonly string[], command: string): (code: string) => boolean {
  const tests = words.map((word) => codeTest(word) ?? badWord(command, word, 'transient, all, or codes'));
  return (code) => tests.some((test) => test(code));
}

/**
 * @param filters - each `COLUMN=VALUE`, or words with commas between them of which any may hold; a row is meant that all
 * filters mean. Errors: FDC_ERR_USAGE, for columns that there are not when a batch comes.
 */
export function rowFilter(filters: readonly string[], command: string): RowFilter {
  const parts = filters.map((filter) =>
    filter.includes('=') ? columnFilter(filter, command) : words(filter, command),
  );
  return (batch) => {
    const tests = parts.map((part) => part(batch));
    return (row) => tests.every((test) => test(row));
  };
}

function codeTest(word: string): ((code: string) => boolean) | undefined {
  // Nobody means those by that: they stay out.
  if (word === 'all') return (code) => code !== 'removed';
  if (word === 'transient') return mayPass;
  return isCode(word) ? (code) => code === word : undefined;
}

function words(filter: string, command: string): RowFilter {
  const tests = filter.split(',').map((word) => wordTest(word.trim(), command));
  return (batch) => {
    const [status, code] = [textColumn(columnOf(batch, 'status')), textColumn(columnOf(batch, 'code'))];
    return (row) => tests.some((test) => test(status[row] ?? '', code[row] ?? ''));
  };
}

function wordTest(word: string, command: string): (status: string, code: string) => boolean {
  const status = STATUSES[word];
  if (status !== undefined) return (found) => found === status;
  const test =
    codeTest(word) ?? badWord(command, word, 'fetched, failed, skipped, transient, all, codes, COLUMN=VALUE');
  return (_, code) => word === 'all' || (code !== '' && test(code));
}

function columnFilter(filter: string, command: string): RowFilter {
  const at = filter.indexOf('=');
  const [name, given] = [filter.slice(0, at), filter.slice(at + 1)];
  const value = name === 'status' ? (STATUSES[given] ?? given) : given;
  return (batch) => {
    if (!batch.schema.names.includes(name)) {
      const known = batch.schema.names.join(', ');
      throw new FlowDcError('FDC_ERR_USAGE', `${command}: there is no column ${name}; there are ${known}`);
    }
    const cells = textColumn(columnOf(batch, name));
    return (row) => (cells[row] ?? '') === value;
  };
}

function isCode(word: string): boolean {
  return /^http_\d{3}$/.test(word) || Object.hasOwn(ROW_CODES, word);
}

/** False for codes of later versions. */
function mayPass(code: string): boolean {
  return isCode(code) && isTransient(code as RowCode);
}

function badWord(command: string, word: string, expected: string): never {
  throw new FlowDcError(
    'FDC_ERR_USAGE',
    `${command}: expected ${expected}, got ${JSON.stringify(word)}; the codes are in docs/errors.md, and those of a ` +
      'dataset in flow-dc report DEST',
  );
}
