import { describe, expect, it } from 'vitest';
import { parseFlags } from '../../../src/cli/args/flags.ts';
import { COMMANDS, type CommandName } from '../../../src/config/schema/key.ts';
import { adviceFor, meaningOf } from '../../../src/report/advice.ts';
import { ROW_CODES } from '../../../src/row-codes.ts';

const CODES = [
  ...Object.keys(ROW_CODES),
  'http_400',
  'http_401',
  'http_403',
  'http_404',
  'http_410',
  'http_418',
  'http_429',
  'http_503',
];

describe('advice', () => {
  it.for(CODES)('on %s has a cause, and names only commands and options that exist', (code) => {
    for (const context of [
      { manifest: 'm.parquet' },
      { manifest: 'm.parquet', unfinished: 'out' },
      { manifest: 'm', finished: 'out' },
    ]) {
      const { cause, next } = adviceFor(code, context);
      expect(cause).not.toBe('');
      if (next === undefined) continue;
      const [program, command, ...argv] = next.split(' ');
      expect(program).toBe('flow-dc');
      expect(COMMANDS).toContain(command);
      expect(() => parseFlags(argv, { command: command as CommandName })).not.toThrow();
    }
  });

  it('for an unfinished job is to resume it, since new options hold for the rows to come', () => {
    expect(adviceFor('too_large', { manifest: 'm.csv', unfinished: 'out' }).next).toBe(
      'flow-dc resume out --max-bytes 1GiB',
    );
    expect(adviceFor('too_large', { manifest: 'm.csv' }).next).toBe(
      'flow-dc download m.csv -o NEW_FOLDER --max-bytes 1GiB',
    );
  });

  it('for a finished job is to fetch those rows again, into the same folder', () => {
    expect(adviceFor('reset', { manifest: 'm.csv', finished: 'out' }).next).toBe(
      'flow-dc retry out --only reset --per-host-concurrency 4',
    );
    expect(adviceFor('http_503', { manifest: 'm.csv', finished: 'out' }).next).toBe(
      'flow-dc retry out --only http_503',
    );
  });

  it('of rows that a store refuses is about rights, not about who asks', () => {
    const { cause, next } = adviceFor('http_403', { manifest: 'm.csv', objects: true });
    expect(cause).toMatch(/credentials.*policy.*s3:GetObject/);
    expect(next).not.toContain('--contact');
    expect(adviceFor('http_403', { manifest: 'm.csv' }).next).toContain('--contact');
  });

  it('is general for codes of later versions', () => {
    expect(adviceFor('eaten_by_a_bear', { manifest: 'm.csv' })).toEqual({ cause: 'not known to this version' });
    expect(meaningOf('eaten_by_a_bear')).toBe('eaten_by_a_bear');
    expect(meaningOf('http_503')).toBe('the host answered 503; may succeed later');
  });

  it('never tells anybody to go round an opt-out', () => {
    expect(adviceFor('robots_tag', { manifest: 'm.csv' }).next).toBeUndefined();
  });
});
