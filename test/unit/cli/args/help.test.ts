import { describe, expect, it } from 'vitest';
import { helpFor } from '../../../../src/cli/args/help.ts';

const help = helpFor({
  name: 'download',
  usage: 'download MANIFEST... -o DEST [options]',
  summary: 'Turn a manifest into a dataset.',
});

describe('helpFor', () => {
  it('begins with the usage, and puts common options first', () => {
    expect(help.startsWith('Usage: flow-dc download MANIFEST... -o DEST [options]\n')).toBe(true);
    expect(help.indexOf('Common options')).toBeLessThan(help.indexOf('Politeness per host'));
    expect(help.indexOf('--output DEST')).toBeLessThan(help.indexOf('--breaker-failures'));
  });

  it('shows defaults, sizes with their unit, and switches that are on as what switches them off', () => {
    expect(help).toMatch(/--timeout-sec SECONDS[^(]*\(default: 30 s\)/);
    expect(help).toMatch(/--max-bytes SIZE[^(]*\(default: 64MiB\)/);
    expect(help).toContain('--no-tar ');
    expect(help).toContain('--no-hash ');
  });

  it('fits into 100 columns', () => {
    expect(help.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });

  it('leaves out what belongs to other commands', () => {
    expect(help).not.toContain('--grouping-col');
    expect(helpFor({ name: 'verify', usage: 'verify DEST', summary: '' })).not.toContain('--timeout-sec');
  });
});
