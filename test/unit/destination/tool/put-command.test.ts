import { describe, expect, it } from 'vitest';
import { putCommand, splitWords } from '../../../../src/destination/tool/put-command.ts';

describe('a command of the user', () => {
  it("fills in FLOW-DC's placeholders, which may stand within words, and runs beside the file", () => {
    const [call] = putCommand('aws s3 cp {file} s3://{destination}/{file} --acl "bucket owner"', 'birds').put(
      '/out/staging/u.t/000012.tar',
      '000012.tar',
    );
    expect(call).toEqual({
      program: 'aws',
      args: ['s3', 'cp', '000012.tar', 's3://birds/000012.tar', '--acl', 'bucket owner'],
      folder: '/out/staging/u.t/',
    });
  });

  it('hands on a destination as one word, whatever it holds', () => {
    const [call] = putCommand('put {file} {destination}', 'a b $(id); {file}').put('/x/1.tar', '1.tar');
    expect(call?.args).toEqual(['1.tar', 'a b $(id); {file}']);
  });

  it('that reads stdin is given every file there, by its name', () => {
    const { put, pour } = putCommand('put - {destination}/{name}', 'birds', true);
    const args = ['-', 'birds/1.tar'];
    expect(put('/x/1.tar', '1.tar')).toEqual([{ program: 'put', args, input: '/x/1.tar' }]);
    expect(pour?.('1.tar')).toEqual({ program: 'put', args });
    expect(putCommand('put {file}', 'birds').pour).toBeUndefined();
    expect(() => putCommand('put {file}', 'birds', true)).toThrow(/with cloud_stream there is no \{file\}/);
  });

  it.for<[string, RegExp]>([
    ['put {file} {dest}', /unknown placeholder \{dest\}; there are \{file\}, \{destination\} and \{name\}/],
    ['put {} {file}', /unknown placeholder \{\}/],
    ['put {destination}', /expected \{file\}/],
    ['{file} x', /expected a program/],
    ['   ', /expected a program/],
    ["put '{file}", /a ' is not closed/],
    ['put {file} \\', /a backslash at its end/],
  ])('is refused when it is %s', ([template, why]) => {
    expect(() => putCommand(template, 'd')).toThrow(why);
  });

  it.for<[string, string[]]>([
    ['a  b\tc', ['a', 'b', 'c']],
    ["a 'b c' d", ['a', 'b c', 'd']],
    [`a "b 'c' \\" d"`, ['a', `b 'c' " d`]],
    ["a 'b\\c'", ['a', 'b\\c']],
    ['a\\ b', ['a b']],
    ['--x="y z"w', ['--x=y zw']],
    ["a ''", ['a', '']],
    ['a | b > $HOME *', ['a', '|', 'b', '>', '$HOME', '*']],
  ])('is split into words: %s', ([line, words]) => {
    expect(splitWords(line)).toEqual(words);
  });
});
