/** URLs that are made of other columns: `https://host/photos/{photo_id}/medium.{extension}`. Pure. */
import { FlowDcError } from '../../errors.ts';

export interface TemplateColumn {
  readonly column: string;
  /** Put in as it is: what begins the URL, and `{+column}`. */
  readonly isRaw: boolean;
}

/** Text, and columns between it. */
export type UrlTemplate = readonly (string | TemplateColumn)[];

const PART = /\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/g;

/** Errors: FDC_ERR_CONFIG_INVALID for braces that do not close, or name nothing, and for a template without columns. */
export function parseTemplate(template: string): UrlTemplate {
  const parts: (string | TemplateColumn)[] = [];
  for (const [found, inner] of template.matchAll(PART)) {
    if (found === '{' || found === '}')
      throw wrong(template, `${found} stands alone: write ${found}${found} for a brace`);
    if (inner === undefined) {
      parts.push(found === '{{' ? '{' : found === '}}' ? '}' : found);
      continue;
    }
    const isReserved = inner.startsWith('+');
    const column = (isReserved ? inner.slice(1) : inner).trim();
    if (column === '') throw wrong(template, '{} names no column');
    parts.push({ column, isRaw: isReserved || parts.length === 0 });
  }
  if (templateColumns(parts).length === 0) throw wrong(template, 'it names no column in braces, such as {photo_id}');
  return parts;
}

export function templateColumns(template: UrlTemplate): string[] {
  return [...new Set(template.flatMap((part) => (typeof part === 'string' ? [] : [part.column])))];
}

/**
 * The URL of a row.
 * @param cellOf - of a column
 * @returns what is wrong with the row, as it goes on behind `row 7`, in `problem`
 */
export function fillTemplate(
  template: UrlTemplate,
  cellOf: (column: string) => string | null,
): { readonly url: string } | { readonly problem: string } {
  let url = '';
  for (const part of template) {
    if (typeof part === 'string') {
      url += part;
      continue;
    }
    const value = cellOf(part.column)?.trim();
    if (value === undefined || value === '') return { problem: `has no ${part.column}, which url_template asks for` };
    // As a part of a path these lead elsewhere, however they are written.
    if (!part.isRaw && /^\.\.?$/.test(value))
      return { problem: `has ${value} as ${part.column}, which is no part of a URL` };
    url += part.isRaw ? value : encodeURIComponent(value.replace(/\p{Surrogate}/gu, '\ufffd'));
  }
  return { url };
}

function wrong(template: string, problem: string): FlowDcError {
  const message = `url_template ${template}: ${problem}`;
  return new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
}
