/** Markdown taken apart into its pieces of code, each with the line that it stands on. */

/** A line of a code block, or what stands between backticks. */
export interface Code {
  /** Of the page, from 1. */
  readonly line: number;
  readonly text: string;
  readonly isInline: boolean;
}

/** All code of a page: fenced and indented blocks line by line (with `\` at the end joined), and code in sentences. */
export function codeIn(markdown: string): Code[] {
  const lines = markdown.split('\n');
  const prose: string[] = [];
  const found: Code[] = [];
  let fence: string | undefined;
  let isIndented = false;
  for (const [index, text] of lines.entries()) {
    const mark = /^\s*(```+|~~~+)/.exec(text)?.[1];
    isIndented = fence === undefined && /^ {4}/.test(text) && (isIndented || (lines[index - 1] ?? '') === '');
    const isBlock = isIndented || (fence !== undefined && mark !== fence);
    if (isBlock) found.push({ line: index + 1, text, isInline: false });
    if (mark !== undefined && !isIndented) fence = fence === undefined ? mark : mark === fence ? undefined : fence;
    prose.push(isBlock || mark !== undefined ? '' : text);
  }
  return [...joined(found), ...inlineIn(prose.join('\n'))];
}

/** Links to other files of the project, without what follows the `#`. */
export function linksIn(markdown: string): string[] {
  const text = markdown.replace(/```[\s\S]*?```|`[^`\n]*`/g, '');
  const targets = [...text.matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)].map(([, target = '']) => target);
  return targets
    .filter((target) => !/^([a-z][a-z0-9+.-]*:|#)/i.test(target))
    .map((target) => decodeURI(target.split('#')[0] ?? ''));
}

function joined(blocks: readonly Code[]): Code[] {
  const whole: Code[] = [];
  for (const code of blocks) {
    const before = whole.at(-1);
    if (before === undefined || !before.text.endsWith('\\')) whole.push(code);
    else whole[whole.length - 1] = { ...before, text: `${before.text.slice(0, -1).trimEnd()} ${code.text.trim()}` };
  }
  return whole;
}

/** Code in a sentence may go on in the next line, never in the next paragraph. */
function inlineIn(prose: string): Code[] {
  return [...prose.matchAll(/`((?:[^`\n]|\n(?!\n))+)`/g)].map((match) => ({
    line: prose.slice(0, match.index).split('\n').length,
    text: (match[1] ?? '').replace(/\s*\n\s*/g, ' '),
    isInline: true,
  }));
}
