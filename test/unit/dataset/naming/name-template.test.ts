import { describe, expect, it } from 'vitest';
import { parseNameTemplate } from '../../../../src/dataset/naming/name-template.ts';

const url = 'https://static.example.org/photos/12%20345/large.JPG?size=1';

describe('file_name_pattern', () => {
  it.each([
    ['{segment[-2]}', '12 345'],
    ['{segment_parent}', '12 345'],
    ['{segment[0]}', 'photos'],
    ['{segment_first}-{segment_last}', 'photos-large'],
    ['{segment[-1]}', 'large'],
    ['{key}.{ext}', 'k1.jpg'],
    ['{{{key}}}', '{k1}'],
  ])('%s renders as %s', (pattern, expected) => {
    expect(parseNameTemplate(pattern)(url, 'k1')).toBe(expected);
  });

  it.each(['https://example.org/', 'https://example.org/only.jpg', 'not a url', ''])(
    'a URL without the named part (%s) gives no name',
    (short) => {
      expect(parseNameTemplate('{segment_parent}')(short, 'k1')).toBeUndefined();
    },
  );

  it('broken percent encodings are taken literally', () => {
    expect(parseNameTemplate('{segment_last}')('https://example.org/a%zz', 'k')).toBe('a%zz');
  });

  it.each(['{segment}', '{foo}', '{segment[x]}', '{key', 'key}', 'same', '{{key}}', '{}'])(
    '%s is refused with the variables there are',
    (pattern) => {
      expect(() => parseNameTemplate(pattern)).toThrow(expect.objectContaining({ code: 'FDC_ERR_CONFIG_INVALID' }));
      expect(() => parseNameTemplate(pattern)).toThrow(/\{segment\[N\]\}.*\{segment_parent\}.*\{key\}/);
    },
  );
});
