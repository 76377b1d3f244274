/** The first comment of a source file, which has to say in one sentence what the file is. */

/** Fewer words are a name, not a sentence. */
const LEAST_WORDS = 3;

/** What is wrong with a file's opening: nothing when it says what the file is. A shebang may stand before it. */
export function wrongOpening(source: string): string[] {
  const text = source.replace(/^#!.*\n/, '');
  const comment = /^\/\*\*?([\s\S]*?)\*\//.exec(text)?.[1] ?? /^(?:\/\/.*\n)+/.exec(text)?.[0];
  if (comment === undefined) return ['opens without a comment that says what it is'];
  const lines = comment.split('\n').map((line) => line.replace(/^\s*(\*|\/\/)?\s?/, '').trim());
  const paragraph = lines.join('\n').trim().split('\n\n')[0] ?? '';
  const sentence = /^.*?\.(?=\s|$)/s.exec(paragraph)?.[0];
  if (sentence === undefined) return [`opens with "${paragraph.split('\n')[0]}", which ends in no full stop`];
  if (sentence.split(/\s+/).length < LEAST_WORDS) return [`opens with "${sentence}", which is no sentence`];
  return [];
}
