/** Which columns play which role, and how those are made that no file has: places in others, templates, mirrors. Pure. */
import { DataType, Field, Int32, Utf8 } from 'apache-arrow';
import { isTextType } from '../../arrow/text.ts';
import { isJsonText, kindMetadata } from '../../arrow/typed-text.ts';
import { nearest } from '../../config/nearest.ts';
import type { ManifestSettings } from '../../config/types.ts';
import { FlowDcError } from '../../errors.ts';
import type { ColumnRoles } from '../../record.ts';
import { someOf } from '../../short-text.ts';
import { type ColumnPath, isInList, isListType, pathOf, typeAt } from './column-paths.ts';
import { type GivenRoles, guessRoles, needsExplode } from './guess-roles.ts';
import { guessUrl } from './guess-url.ts';
import { cellValue, isObject, type JsonValue } from './json-cell.ts';
import type { Role } from './manifest-info.ts';
import { nestedUrls } from './nested-urls.ts';
import type { LostColumn } from './parquet-footer.ts';
import { hasListAt, spreadAt } from './several-values.ts';
import type { MadeColumn, Shape } from './shape.ts';
import { parseTemplate, templateColumns } from './url-template.ts';

/** What is asked for beside the columns' names. */
export type AskedShape = Pick<ManifestSettings, 'explode' | 'urlTemplate'>;

export interface PlannedColumns {
  readonly roles: ColumnRoles;
  readonly guessed: readonly Role[];
  readonly said: readonly string[];
  /** Of the rows that are handed on. */
  readonly fields: readonly Field[];
  /** Columns with other URLs of the same file, in their order. */
  readonly mirrors: readonly string[];
  /** Undefined where rows are the files' rows. */
  readonly shape: Shape | undefined;
}

/** A few values of a column as text. */
export type Values = (column: string) => readonly (string | null)[];

/** Errors: FDC_ERR_MANIFEST_COLUMN as guessRoles, and for lists without `explode`; FDC_ERR_CONFIG_INVALID for a template. */
export function planColumns(
  given: GivenRoles,
  asked: AskedShape,
  columns: readonly Field[],
  values: Values,
  lost?: readonly LostColumn[],
): PlannedColumns {
  const plan = new Plan(columns, asked, values);
  const named = plan.named(given);
  const { roles, guessed, said } = guessRoles(named.roles, {
    columns: plan.candidates(),
    values: (column) => plan.urlsOf(column),
    elsewhere: () => plan.elsewhere(),
    lost,
  });
  return { guessed, said, ...plan.finish(roles, named.mirrors) };
}

/** The columns that a url setting names, several of them divided by commas; one column of that name wins. */
function namedUrls(url: string | undefined, isColumn: (name: string) => boolean): string[] {
  if (url === undefined || url === '' || isColumn(url)) return url === undefined ? [] : [url];
  return url.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
}

class Plan {
  readonly #columns: readonly Field[];
  readonly #asked: AskedShape;
  readonly #values: Values;
  readonly #made: MadeColumn[] = [];

  constructor(columns: readonly Field[], asked: AskedShape, values: Values) {
    this.#columns = columns;
    this.#asked = asked;
    this.#values = values;
  }

  /** Columns are made for names that lead into one, and for the template. */
  named(given: GivenRoles): { readonly roles: GivenRoles; readonly mirrors: readonly string[] } {
    const roles = Object.fromEntries(
      Object.entries(given).map(([role, name]) => [role, role === 'url' ? name : this.#reach(name)]),
    );
    if (this.#asked.urlTemplate !== undefined) {
      if (given.url !== undefined && given.url !== '')
        throw invalid('url_template makes the URLs of other columns, and url names a column of them: leave one out');
      if (this.#asked.explode)
        throw invalid(
          'explode makes rows of a column with several URLs, and url_template makes one of each row: leave one out',
        );
      return { roles: { ...roles, url: this.#fromTemplate(this.#asked.urlTemplate) }, mirrors: [] };
    }
    for (const name of namedUrls(given.url, (column) => this.#has(column))) this.#refuseMembers(name);
    const [url, ...mirrors] = namedUrls(given.url, (name) => this.#has(name)).map((name) => this.#reach(name));
    if (mirrors.length > 0 && this.#asked.explode)
      throw invalid(
        `explode takes one column with URLs, and url names ${mirrors.length + 1}: name one, or leave explode out`,
      );
    return { roles: url === undefined ? roles : { ...roles, url }, mirrors };
  }

  /** With those that are made; lists count as text where a row is made of each of their items. */
  candidates(): { readonly name: string; readonly isText: boolean; readonly isList: boolean }[] {
    const isText = (type: DataType): boolean => isTextType(type) || (this.#asked.explode && isListType(type));
    const isList = (field: Field): boolean =>
      isListType(field.type) || (isJsonText(field) && this.#values(field.name).some((text) => text?.startsWith('[')));
    const own = this.#columns.map((field) => ({
      ...{ name: field.name, isText: isText(field.type) },
      isList: !this.#asked.explode && isList(field),
    }));
    return [...own, ...this.#made.map(({ name }) => ({ name, isText: true, isList: false }))];
  }

  /** URLs that no column has for itself, as a message goes on. */
  elsewhere(): string {
    const found = nestedUrls(this.#columns, this.#values);
    if (found.length === 0) return '';
    const inLists = found.some(({ isInList }) => isInList) ? ' with explode (--explode)' : '';
    const names = found.map(({ name }) => name);
    return `, such as ${someOf(names, 2)}${inLists}`;
  }

  /** A few URLs of a column, for who guesses. */
  urlsOf(column: string): readonly (string | null)[] {
    const values = this.#values(column);
    if (!this.#asked.explode) return values;
    return values.flatMap((value) => {
      const { items } = spreadAt(cellValue(value), []);
      return items.map((item) => {
        const member = isObject(item) ? memberWithUrl([item]) : undefined;
        const url = member === undefined ? item : (item as { [key: string]: JsonValue })[member];
        return typeof url === 'string' ? url : null;
      });
    });
  }

  finish(
    roles: ColumnRoles,
    others: readonly string[],
  ): Pick<PlannedColumns, 'roles' | 'fields' | 'mirrors' | 'shape'> {
    const fields = [...this.#columns];
    const mirrors = others.filter((name) => name !== roles.url);
    for (const name of mirrors) this.#mustHoldText(name);
    const final = this.#asked.explode ? this.#exploded(roles, fields) : { roles, explosion: undefined };
    if (!this.#asked.explode) this.#refuseList(roles.url);
    if (mirrors.length > 0) {
      this.#made.push({ kind: 'first', name: roles.url, others: mirrors });
      const at = fields.findIndex(({ name }) => name === roles.url);
      if (at >= 0) fields[at] = text(roles.url);
    }
    for (const { kind, name } of this.#made) if (kind !== 'first') fields.push(text(name));
    if (final.explosion !== undefined) fields.push(new Field<DataType>(final.explosion.index, new Int32(), true));
    const isPlain = this.#made.length === 0 && final.explosion === undefined;
    const shape = { url: final.roles.url, made: this.#made, explosion: final.explosion };
    return { roles: final.roles, fields, mirrors, shape: isPlain ? undefined : shape };
  }

  #exploded(roles: ColumnRoles, fields: Field[]): { roles: ColumnRoles; explosion: Shape['explosion'] } {
    let path: ColumnPath = this.#pathTo(roles.url);
    let { url, key } = roles;
    if (path.steps.length === 0) {
      const member = this.#memberOfItems(path);
      if (member !== undefined) {
        path = { ...path, steps: [member] };
        url = this.#free(`${path.root}.${member}`);
        this.#made.push({ kind: 'path', name: url, ...path });
      }
    }
    const isText = path.steps.length === 0;
    const at = fields.findIndex(({ name }) => name === path.root);
    fields[at] = isText ? text(path.root) : new Field<DataType>(path.root, new Utf8(), true, kindMetadata('json'));
    if (key !== undefined) {
      const name = this.#free(`${key}_of_url`);
      this.#made.push({ kind: 'key', name, of: key });
      key = name;
    }
    const index = this.#free('url_index');
    return { roles: { ...roles, url, ...(key === undefined ? {} : { key }) }, explosion: { ...path, isText, index } };
  }

  /** Where items are objects: which of their members is the URL. */
  #memberOfItems({ root }: ColumnPath): string | undefined {
    const type = this.#columns.find(({ name }) => name === root)?.type;
    const item = type !== undefined && isListType(type) ? type.children[0]?.type : undefined;
    if (item !== undefined && !DataType.isStruct(item)) return undefined;
    const objects = this.#values(root)
      .flatMap((value) => spreadAt(cellValue(value), []).items)
      .filter(isObject);
    return memberWithUrl(objects);
  }

  #pathTo(name: string): ColumnPath {
    const made = this.#made.find((column) => column.name === name);
    return made?.kind === 'path' ? { root: made.root, steps: made.steps } : { root: name, steps: [] };
  }

  /** @returns the name; a column is made where it leads into one */
  #reach<Name extends string | undefined>(name: Name): Name {
    if (name === undefined || this.#has(name)) return name;
    const path = pathOf(name, this.#columns);
    if (path === undefined) return name;
    typeAt(path, this.#columns);
    this.#made.push({ kind: 'path', name, ...path });
    return name;
  }

  #fromTemplate(given: string): string {
    const template = parseTemplate(given);
    for (const column of templateColumns(template)) {
      this.#reach(column);
      if (!this.#has(column)) throw unknownColumn(column, this.#names());
    }
    const name = this.#free('url');
    this.#made.push({ kind: 'template', name, template });
    return name;
  }

  #refuseList(name: string): void {
    const path = this.#pathTo(name);
    const isList = path.steps.length > 0 && isInList(path, this.#columns);
    const root = this.#columns.find((column) => column.name === path.root);
    const isFound =
      root !== undefined &&
      isJsonText(root) &&
      this.#values(path.root).some((value) => hasListAt(cellValue(value), path.steps));
    if (isList || isFound) throw needsExplode(name);
  }

  #refuseMembers(name: string): void {
    const path = this.#has(name) ? { root: name, steps: [] } : pathOf(name, this.#columns);
    const type = path && typeAt(path, this.#columns);
    if (type === undefined || !(DataType.isStruct(type) || DataType.isMap(type))) return;
    const members = DataType.isStruct(type) ? type.children.map((member) => `${name}.${member.name}`) : [`${name}.KEY`];
    throw new FlowDcError(
      'FDC_ERR_MANIFEST_COLUMN',
      `the url column ${name} has others within: name one of them, ${someOf(members, 12)}`,
    );
  }

  #mustHoldText(name: string): void {
    const type = this.#columns.find((column) => column.name === name)?.type;
    if (type === undefined && !this.#has(name)) throw unknownColumn(name, this.#names());
    if (type !== undefined && !isTextType(type))
      throw new FlowDcError(
        'FDC_ERR_MANIFEST_COLUMN',
        `the url column ${name} does not hold text: name columns with URLs`,
      );
  }

  #has(name: string): boolean {
    return this.#names().includes(name);
  }

  #names(): string[] {
    return [...this.#columns, ...this.#made].map(({ name }) => name);
  }

  #free(wanted: string): string {
    const names = new Set(this.#names());
    let name = wanted;
    for (let n = 2; names.has(name); n += 1) name = `${wanted}_${n}`;
    return name;
  }
}

function unknownColumn(name: string, columns: readonly string[]): FlowDcError {
  const near = nearest(name, columns);
  const hint = near === undefined ? '' : `did you mean ${near}? `;
  return new FlowDcError(
    'FDC_ERR_MANIFEST_COLUMN',
    `the url column ${name} does not exist: ${hint}the columns are ${someOf(columns, 12)}`,
  );
}

function memberWithUrl(objects: readonly { readonly [key: string]: JsonValue }[]): string | undefined {
  const names = [...new Set(objects.flatMap((object) => Object.keys(object)))];
  const valuesOf = (name: string): (string | null)[] =>
    objects.map((object) => (typeof object[name] === 'string' ? (object[name] as string) : null));
  return guessUrl(names, valuesOf)?.name;
}

function text(name: string): Field {
  return new Field<DataType>(name, new Utf8(), true);
}

function invalid(message: string): FlowDcError {
  return new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
}
