import { describe, expect, it } from 'vitest';
import { suggest } from '../../../../src/cli/completion/suggest.ts';

const wordsOf = (line: string): unknown => {
  const typed = line.split(' ');
  const suggestion = suggest(typed.slice(0, -1), typed.at(-1) ?? '', new Map([['verify', 'Read it back: every row.']]));
  return suggestion.kind === 'words' ? suggestion.words.map(([word]) => word) : suggestion;
};
const FILES = { kind: 'files' };

describe('what may stand at the end of a command line', () => {
  it.each([
    ['dow', ['download']],
    ['he', ['help']],
    ['help ver', ['verify']],
    ['download --la', ['--label', '--law']],
    ['download --C', ['--caption-col', '--classes', '--columns', '--concurrent-downloads']],
    ['download m.csv --law ', ['paarc', 'original', 'fixed']],
    ['download m.csv --law=o', ['--law=original']],
    ['download m.csv --law = o', ['original']],
    ['download m.csv --image-types j', ['jpeg']],
    ['download m.csv --output-format ', ['imagefolder', 'webdataset', 'parquet']],
    ['partition m.csv --output-format ', ['imagefolder', 'webdataset', 'parquet', 'csv']],
    ['download m.csv -o ', FILES],
    ['download ', FILES],
    ['download a.csv -o out b.csv --url ', { kind: 'columns', manifests: ['a.csv', 'b.csv'], prefix: '' }],
    ['download a.csv --caption-col=', { kind: 'columns', manifests: ['a.csv'], prefix: '--caption-col=' }],
    ['status ', { kind: 'jobs', nats: [] }],
    ['cancel --nats nats://h:1 ', { kind: 'jobs', nats: ['--nats', 'nats://h:1'] }],
    ['config ', ['check', 'show', 'schema', 'from-img2dataset']],
    ['config check ', FILES],
    ['completion z', ['zsh']],
    ['retry ds --only tr', ['transient', 'truncated']],
    ['retry ds --only robots_tag,tru', ['robots_tag,truncated']],
    ['retry ds --only=dns_n', ['--only=dns_not_found']],
    ['nothing ', FILES],
  ])('%s', (line, expected) => {
    const found = wordsOf(line);
    if (Array.isArray(expected) && Array.isArray(found)) expect(found).toEqual(expect.arrayContaining(expected));
    else expect(found).toEqual(expected);
  });

  it('names of what is on by default the flag that switches it off, and no flag twice', () => {
    const words = wordsOf('download --') as string[];
    expect(words).toContain('--no-hash');
    expect(words).not.toContain('--hash');
    expect(words).toContain('--insecure');
    expect(words).not.toContain('--no-insecure');
    expect(new Set(words).size).toBe(words.length);
  });

  it('says of a command what its help begins with', () => {
    expect(suggest([], 'ver', new Map([['verify', 'Read it back: every row.']]))).toEqual({
      kind: 'words',
      words: [['verify', 'Read it back']],
    });
  });
});
