import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitBytes, labelFolder, safeExtension, safeKey, safePart } from '../../../../src/dataset/naming/safe-name.ts';

/** Texts rich in what is dangerous in paths. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('.', '/', '\\', '%', '2', 'F', ' ', '\u0000', '\n', 'é', '雪', '~', '-') }),
);

describe('labels as folders', () => {
  it('keep their unicode and stay readable', () => {
    expect(labelFolder('Danaus plexippus', 'output')).toBe('Danaus plexippus');
    expect(labelFolder('Überwinterung 雪 №5', 'output')).toBe('Überwinterung 雪 №5');
  });

  it.each([
    ['..', '%2E%2E'],
    ['.', '%2E'],
    ['a/b', 'a%2Fb'],
    ['a\\b', 'a%5Cb'],
    ['a%2Fb', 'a%252Fb'],
    ['50 % off', '50 % off'],
    ['dot. ', 'dot%2E%20'],
    ['.hidden', '%2Ehidden'],
    ['__pycache__', '%5F_pycache__'],
    ['_one', '_one'],
    ['tab\there', 'tab%09here'],
    ['metadata.parquet', 'metadata%2Eparquet'],
  ])('%j becomes %j', (label, folder) => {
    expect(labelFolder(label, 'output')).toBe(folder);
  });

  it('null and empty labels go to the folder for them', () => {
    expect([labelFolder(null, 'none'), labelFolder('', 'none')]).toEqual(['none', 'none']);
  });

  it('never escape, never exceed what file systems take', () => {
    fc.assert(
      fc.property(hostile, (label) => {
        const folder = labelFolder(label, 'output');
        expect(folder).not.toMatch(/[/\\\0]|^\.|[. ]$|^$/);
        expect(Buffer.byteLength(folder)).toBeLessThanOrEqual(255);
      }),
    );
  });

  it('are different for different labels', () => {
    fc.assert(
      fc.property(hostile, hostile, (a, b) => {
        fc.pre(a !== b && !/\p{Surrogate}/u.test(a + b));
        expect(safePart(a)).not.toBe(safePart(b));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('webdataset keys', () => {
  it('are ASCII without dots, slashes or spaces, of limited length', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(safeKey(text, 89)).toMatch(/^[A-Za-z0-9_~@+=,!%-]{0,89}$/);
      }),
    );
  });

  it('leave ordinary keys as they are', () => {
    expect(safeKey('img_0001-a', 89)).toBe('img_0001-a');
    expect(safeKey('a.b/c', 89)).toBe('a%2Eb%2Fc');
    expect(safeKey('__key__', 89)).toBe('%5F_key__');
  });
});

describe('long names', () => {
  it('that differ in what is cut off stay different, and no character is cut in two', () => {
    const [a, b] = [fitBytes(`${'雪'.repeat(100)}a`, 255), fitBytes(`${'雪'.repeat(100)}b`, 255)];
    expect(a).not.toBe(b);
    expect(a).toMatch(/^雪+~[0-9a-f]{8}$/);
    expect(Buffer.byteLength(a)).toBeLessThanOrEqual(255);
  });
});

describe('extensions', () => {
  it.each([
    ['JPG', 'jpg'],
    [undefined, 'bin'],
    ['../x', 'x'],
    ['', 'bin'],
  ])('%j becomes %j', (extension, expected) => {
    expect(safeExtension(extension)).toBe(expected);
  });
});
