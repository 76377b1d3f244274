/** Whether bytes are text to whoever opens them, and of which kind: in UTF-8, UTF-16 or one byte a character. */

export type TextKind = 'html' | 'svg' | 'xml' | 'json' | 'plain';

/** What pages begin with, but for what PHP prints in front of images. Source: the MIME sniffing standard, error pages. */
const PAGE = new RegExp(
  '^<(!doctype html|html|head|body|title|meta|link|base|script|style|iframe|table|div|p|h[1-6]|center|font|pre|span' +
    '|form|a|ul)[\\s/>]',
);
const SVG = /^<([a-z_][\w-]*:)?svg[\s/>]/;
/** Bytes beyond ASCII in a text of one byte a character: with more of them it is taken for binary. Chosen. */
const MAX_FOREIGN = 0.3;

/** Undefined for anything binary. What begins as a page is one whatever control characters it has. */
export function textKind(head: Buffer): TextKind | undefined {
  const text = readableText(head);
  const root = rootOf((text ?? head.toString('latin1')).toLowerCase());
  if (PAGE.test(root)) return 'html';
  if (text === undefined) return undefined;
  if (SVG.test(root)) return 'svg';
  if (/<(html|head|body)[\s>]/i.test(text)) return 'html';
  if (/^\s*<\?xml/.test(text)) return 'xml';
  return /^\s*[[{]\s*["{[\]}]/.test(text) ? 'json' : 'plain';
}

/** The first element, behind white space, comments, instructions and a type that is none of a page. */
function rootOf(text: string): string {
  let rest = text.replace(/^\u00ef\u00bb\u00bf/, '').trimStart();
  while (rest.startsWith('<!--') || rest.startsWith('<?') || /^<!doctype (?!html)/.test(rest)) {
    const end = rest.startsWith('<!--')
      ? endOf(rest, '-->')
      : rest.startsWith('<?')
        ? endOf(rest, '?>')
        : typeEnd(rest);
    rest = rest.slice(end).trimStart();
  }
  return rest.slice(0, 100);
}

function endOf(text: string, mark: string): number {
  const at = text.indexOf(mark);
  return at < 0 ? text.length : at + mark.length;
}

/** Of a document type, which may bring declarations of its own in brackets. */
function typeEnd(text: string): number {
  const close = text.indexOf('>');
  const open = text.indexOf('[');
  return open < 0 || open > close ? endOf(text, '>') : open + endOf(text.slice(open), ']') + 1;
}

/** Without control characters other than white space; a character cut off at the end is forgiven. */
function readableText(head: Buffer): string | undefined {
  const [first, second] = head;
  const isLittle = (first === 0xff && second === 0xfe) || (second === 0 && head[3] === 0);
  const isBig = (first === 0xfe && second === 0xff) || (first === 0 && head[2] === 0);
  const encoding = isLittle ? 'utf-16le' : isBig ? 'utf-16be' : 'utf-8';
  const text = decoded(head, encoding) ?? oneByteText(head);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells binary from text.
  return text === undefined || /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/.test(text) ? undefined : text;
}

function decoded(head: Buffer, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(head, { stream: true });
  } catch {
    return undefined;
  }
}

function oneByteText(head: Buffer): string | undefined {
  let foreign = 0;
  for (const byte of head) if (byte >= 0x80) foreign += 1;
  return foreign > MAX_FOREIGN * head.length ? undefined : head.toString('latin1');
}
