/** Compiles a `file_name_pattern` into a function that names rows by their URLs. */
import { FlowDcError } from '../../errors.ts';
import { parseUrl } from '../../host/host.ts';

/** What a `file_name_pattern` may name. Segments are the parts of the URL's path, percent-decoded. */
const TEMPLATE_VARIABLES: Readonly<Record<string, string>> = {
  'segment[N]': 'a part of the path, from 0, or from the end with -1, -2, ...; the last one without its extension',
  segment_first: 'the first part',
  segment_parent: 'the part before the last one',
  segment_last: 'the last part without its extension',
  ext: "the URL's own extension, lower-case, without dot",
  key: 'the sample key',
};

/** Render the template for one row; undefined when this URL lacks a part that the template names. */
export type NameTemplate = (url: string, key: string) => string | undefined;

type Part = (path: UrlPath, key: string) => string | undefined;

interface UrlPath {
  readonly segments: readonly string[];
  readonly extension: string;
}

/**
 * Compile a `file_name_pattern` such as `{segment_parent}` or `photo-{segment[-2]}`; `{{` and `}}` stand for braces.
 * Errors: FDC_ERR_CONFIG_INVALID with the list of variables.
 */
export function parseNameTemplate(pattern: string): NameTemplate {
  const parts: Part[] = [];
  let variables = false;
  let rest = pattern;
  while (rest !== '') {
    const token = /^(?:\{\{|\}\}|\{([^{}]*)\}|[^{}]+)/.exec(rest);
    if (token === null) throw invalid(pattern, 'a brace is not closed');
    variables ||= token[1] !== undefined;
    parts.push(token[1] === undefined ? literal(token[0]) : variable(token[1], pattern));
    rest = rest.slice(token[0].length);
  }
  if (!variables) throw invalid(pattern, 'without a variable every file would have the same name');
  return (url, key) => {
    const path = urlPath(url);
    const texts = parts.map((part) => part(path, key));
    return texts.includes(undefined) ? undefined : texts.join('');
  };
}

function literal(text: string): Part {
  const plain = text === '{{' ? '{' : text === '}}' ? '}' : text;
  return () => plain;
}

function variable(name: string, pattern: string): Part {
  const indexed = /^segment\[(-?\d{1,4})\]$/.exec(name);
  if (indexed !== null) return segmentAt(Number(indexed[1]));
  switch (name) {
    case 'segment_first':
      return segmentAt(0);
    case 'segment_parent':
      return segmentAt(-2);
    case 'segment_last':
      return segmentAt(-1);
    case 'ext':
      return (path) => path.extension || undefined;
    case 'key':
      return (_path, key) => key;
    default:
      throw invalid(pattern, `{${name}} is not known`);
  }
}

function segmentAt(index: number): Part {
  return ({ segments }) => segments.at(index) || undefined;
}

function urlPath(url: string): UrlPath {
  const pathname = parseUrl(url)?.pathname ?? '';
  const segments = pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  const last = segments.at(-1) ?? '';
  const extension = /.\.([A-Za-z0-9]{1,10})$/.exec(last)?.[1] ?? '';
  if (extension !== '') segments[segments.length - 1] = last.slice(0, -extension.length - 1);
  return { segments, extension: extension.toLowerCase() };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // `%zz` and broken UTF-8 are legal in URLs
  }
}

function invalid(pattern: string, problem: string): FlowDcError {
  const known = Object.keys(TEMPLATE_VARIABLES).map((name) => `{${name}}`);
  const message = `file_name_pattern ${JSON.stringify(pattern)}: ${problem}; expected text with ${known.join(', ')}`;
  return new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
}
