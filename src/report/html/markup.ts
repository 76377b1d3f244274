/** HTML that is safe by construction: whatever goes into a template is escaped, unless it was made by one. */
import { visible } from '../../visible.ts';

/** What goes into a template as it is. */
export class Markup {
  readonly text: string;

  /** @param text - trusted: write it down, or take it from another Markup */
  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | Markup | readonly Markup[];

/** A template whose values are escaped; markup and lists of it go in as they are. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(strings.reduce((text, string, i) => `${text}${textOf(values[i - 1] as Value)}${string}`));
}

/** For text between tags and for attributes in double quotes. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return visible(text).replaceAll(/[&<>"']/g, (character) => entities[character] as string);
}

/** JSON that cannot end the script element it stands in. */
export function scriptJson(value: unknown): string {
  return visible(JSON.stringify(value)).replaceAll('<', '\\u003c');
}

function textOf(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  return escapeHtml(String(value));
}
