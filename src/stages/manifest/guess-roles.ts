/** Which column is URL, label, caption, key: named, or guessed and said. */
import { nearest } from '../../config/nearest.ts';
import { FlowDcError } from '../../errors.ts';
import type { ColumnRoles } from '../../record.ts';
import { someOf } from '../../short-text.ts';
import { guessUrl, isUrlText } from './guess-url.ts';
import type { Role } from './manifest-info.ts';
import type { LostColumn } from './parquet-footer.ts';

/** Names that mean the role, best first; compared without case, spaces, `_`, `-` and `.`. */
const NAMES: Record<'label' | 'caption', readonly string[]> = {
  label: ['label', 'labels', 'classname', 'category', 'species', 'speciesname', 'scientificname', 'taxonname', 'class'],
  caption: ['caption', 'text', 'alttext', 'alt', 'description'],
};

export interface GuessInput {
  /** All columns in order; only text columns can hold URLs. */
  readonly columns: readonly { readonly name: string; readonly isText: boolean; readonly isList?: boolean }[];
  /** Where else URLs are, for when no column has them; one line, or nothing. */
  readonly elsewhere?: (() => string) | undefined;
  /** A few values of a column, for when no name is telling. */
  readonly values: (column: string) => readonly (string | null)[];
  /** Columns that cannot be read. */
  readonly lost?: readonly LostColumn[] | undefined;
}

/** Column per role as the user gave it: undefined guesses, '' leaves the role empty. */
export type GivenRoles = Readonly<Partial<Record<Role, string>>>;

/**
 * Which column plays which role. What the user names is taken; label and caption are guessed by name, the URL by
 * name and values (guess-url.ts); a key column is never guessed. FDC_ERR_MANIFEST_COLUMN when a named column does not
 * exist, or when nothing looks like URLs; the message lists what exists.
 */
export function guessRoles(
  given: GivenRoles,
  input: GuessInput,
): { readonly roles: ColumnRoles; readonly guessed: readonly Role[]; readonly said: readonly string[] } {
  const roles: Partial<Record<Role, string>> = {};
  const guessed: Role[] = [];
  const texts = input.columns.filter(({ isText }) => isText).map(({ name }) => name);
  const url = given.url === undefined ? guessUrl(texts, input.values) : undefined;
  for (const role of ['url', 'label', 'caption', 'key'] as const) {
    const name = given[role];
    if (name === '') continue;
    const guessing = (): string | undefined => (role === 'url' ? url?.name : guess(role, input, Object.values(roles)));
    const column = name === undefined ? guessing() : existing(role, name, input);
    if (column === undefined) continue;
    roles[role] = column;
    if (name === undefined) guessed.push(role);
  }
  if (roles.url === undefined) throw noUrl(input);
  const said =
    url?.runnerUp === undefined
      ? []
      : [`${roles.url} is taken for the URLs; ${url.runnerUp} holds some as well: say which with url`];
  return { roles: { ...roles, url: roles.url }, guessed, said };
}

function byName(role: 'label' | 'caption', columns: GuessInput['columns']): string | undefined {
  return NAMES[role]
    .map((wanted) => columns.find(({ name }) => plain(name) === wanted)?.name)
    .find((name) => name !== undefined);
}

function guess(role: Exclude<Role, 'url'>, input: GuessInput, taken: readonly string[]): string | undefined {
  if (role === 'key') return undefined;
  return byName(
    role,
    input.columns.filter(({ name, isText }) => !taken.includes(name) && (isText || role === 'label')),
  );
}

function existing(role: Role, name: string, { columns, lost = [] }: GuessInput): string {
  const unread = lost.find((one) => one.name === name);
  if (unread !== undefined)
    throw new FlowDcError('FDC_ERR_MANIFEST_COLUMN', `the ${role} column ${name} ${unread.why}`);
  const column = columns.find((other) => other.name === name);
  if (column === undefined) throw missing(role, name, columns);
  if (role === 'url' && !column.isText && column.isList === true) throw needsExplode(name);
  if (role === 'url' && !column.isText) {
    throw new FlowDcError(
      'FDC_ERR_MANIFEST_COLUMN',
      `the url column ${name} does not hold text: name a column with URLs${listed(columns)}`,
    );
  }
  return name;
}

function missing(role: Role, name: string, columns: GuessInput['columns']): FlowDcError {
  const near = nearest(
    name,
    columns.map((column) => column.name),
  );
  const hint = near === undefined ? '' : `did you mean ${near}? `;
  return new FlowDcError(
    'FDC_ERR_MANIFEST_COLUMN',
    `the ${role} column ${name} does not exist: ${hint}${listed(columns).replace(/^; /, '')}`,
  );
}

function noUrl({ columns, elsewhere, lost = [] }: GuessInput): FlowDcError {
  const unread = lost.find(({ name }) => guessUrl([name], () => []) !== undefined);
  if (unread !== undefined)
    return new FlowDcError('FDC_ERR_MANIFEST_COLUMN', `the column ${unread.name} ${unread.why}`);
  const first = columns[0]?.name ?? '';
  if (isUrlText(first)) {
    return new FlowDcError(
      'FDC_ERR_MANIFEST_COLUMN',
      'the first line is a URL, not a line of column names: add a header line, or read the file as a plain ' +
        'list with input_format txt',
    );
  }
  const perhaps = elsewhere?.() ?? '';
  return new FlowDcError(
    'FDC_ERR_MANIFEST_COLUMN',
    `no column looks like URLs: name it with url${perhaps}${listed(columns)}`,
  );
}

/** @param name - of a column with the URLs, which holds lists of them */
export function needsExplode(name: string): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_MANIFEST_COLUMN',
    `the url column ${name} holds lists: explode makes a row of each item (--explode), or name one of them, such as the ` +
      'first with COLUMN.0',
  );
}

function listed(columns: GuessInput['columns']): string {
  const names = columns.map(({ name }) => name);
  return `; the columns are ${someOf(names, 12) || '(none)'}`;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[\s_.-]/g, '');
}
