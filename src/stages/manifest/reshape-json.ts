/** Tokens of JSON in another shape, as tokens of rows one after the other. */
import type { Token } from 'stream-json/parser.js';
import { FlowDcError } from '../../errors.ts';
import { isUrlText } from './guess-url.ts';
import { listRows } from './json-lists.ts';
import { isUrlKey, type JsonShape } from './json-shape.ts';
import { CLOSE, isEnd, isStart, key, OPEN, type Reshape, text } from './json-tokens.ts';

/** Tables by columns have to be held until their last column: so many values at most. Chosen: some 500 MB. */
const MOST_HELD_VALUES = 4_000_000;

/**
 * @param say - told what is odd about the text
 * @returns undefined where the text has its rows already
 */
export function reshaping(shape: JsonShape, say: (what: string) => void): Reshape | undefined {
  switch (shape.kind) {
    case 'rows':
      return undefined;
    case 'paths':
      return atDepth(1, (member, tokens) => [OPEN, key('path'), text(member), key('url'), ...tokens, CLOSE]);
    case 'named rows':
      return atDepth(1, (member, tokens) => [OPEN, key('name'), text(member), ...tokens.slice(1)]);
    case 'member':
      return listRows(shape.path, shape.isGiven ? undefined : say);
    case 'search':
      return listRows(undefined, say);
    case 'features':
      return lifted(shape.isCollection ? listRows('features') : (token) => [token]);
    case 'arrays':
      return arrays(shape.isSequence ? 0 : 1, () => shape.names, shape.names === undefined ? 0 : 1);
    case 'lists':
      return lists(say);
    case 'split':
      return split(shape.names);
    case 'columns':
      return columns();
  }
}

/** The members of the outermost object, each made into a row. */
function atDepth(depth: number, make: (member: string, tokens: readonly Token[]) => Iterable<Token>): Reshape {
  let [at, member] = [0, ''];
  let tokens: Token[] = [];
  return (token) => {
    const isOuter = at === depth && token.name === 'keyValue';
    if (isOuter) member = token.value;
    if (isEnd(token)) at--;
    if (at >= depth && !isOuter) tokens.push(token);
    if (isStart(token)) at++;
    if (at !== depth || tokens.length === 0) return [];
    const row = make(member, tokens);
    tokens = [];
    return row;
  };
}

/** Features as rows: their properties are columns, beside their geometry and id. */
function lifted(features: Reshape): Reshape {
  let [at, member] = [0, ''];
  return function* (given) {
    for (const token of features(given)) {
      if (at === 1 && token.name === 'keyValue') member = token.value;
      if (isEnd(token)) at--;
      const isOuter = at === 1 && member === 'properties';
      // `type` says that it is a feature.
      if (!isOuter && !(at === 1 && member === 'type')) yield token;
      if (isStart(token)) at++;
    }
  };
}

/** Arrays at a depth as rows, their items under names, or `column_N`. */
function arrays(depth: number, names: () => readonly string[] | undefined, skipped: number): Reshape {
  let [at, item, row] = [0, 0, 0];
  return (token) => {
    const out: Token[] = [];
    if (isEnd(token)) at--;
    const isRow = row >= skipped;
    if (at === depth && token.name === 'startArray') {
      item = 0;
      if (isRow) out.push(OPEN);
    } else if (at === depth && token.name === 'endArray') {
      if (isRow) out.push(CLOSE);
      row++;
    } else if (at > depth && isRow) {
      if (at === depth + 1 && !isEnd(token)) {
        out.push(key(names()?.[item] ?? `column_${item + 1}`));
        item++;
      }
      out.push(token);
    }
    if (isStart(token)) at++;
    return out;
  };
}

function split(names: readonly string[]): Reshape {
  const rows = arrays(2, () => names, 0);
  let [at, member] = [0, ''];
  return (token) => {
    if (at === 1 && token.name === 'keyValue') member = token.value;
    if (isEnd(token)) at--;
    if (isStart(token)) at++;
    const made = rows(token);
    return member === 'data' ? made : [];
  };
}

/** A table by columns that are objects: rows by what they are called there. */
function columns(): Reshape {
  const table = new HeldTable();
  let at = 0;
  return (token) => {
    if (isEnd(token)) at--;
    if (at === 1 && token.name === 'keyValue') table.begin(token.value);
    else if (at === 2 && token.name === 'keyValue') table.add(token.value);
    else if (at >= 2) table.cell.push(token);
    if (isStart(token)) at++;
    return at === 0 ? table.rows() : [];
  };
}

/** A table by columns that are arrays; what stands beside them is no column. */
function lists(say: (what: string) => void): Reshape {
  const table = new HeldTable();
  let [at, member, isColumn] = [0, '', false];
  return (token) => {
    if (isEnd(token)) at--;
    if (at === 1 && token.name === 'keyValue') member = token.value;
    else if (at === 1) {
      isColumn = token.name === 'startArray' || (isColumn && isEnd(token));
      if (token.name === 'startArray') table.begin(member);
    } else if (at >= 2 && isColumn) {
      if (at === 2 && !isEnd(token)) table.add(String(table.length));
      table.cell.push(token);
    }
    if (isStart(token)) at++;
    if (at > 0) return [];
    if (table.areUrlLists) {
      say('its lists of URLs are read one after the other, what they are called as the column label');
      return table.named();
    }
    say('an object of columns is read as a table');
    if (table.isUneven) say('its lists are not equally long: what is missing at the end of a column is null');
    return table.rows();
  };
}

/** Cells until the last column is there. */
class HeldTable {
  readonly #names: string[] = [];
  readonly #rows = new Map<string, Token[][]>();
  #values = 0;
  /** Of the open column. */
  length = 0;
  /** Takes the tokens of its value. */
  cell: Token[] = [];

  get isUneven(): boolean {
    return this.#values !== this.#rows.size * this.#names.length;
  }

  /** What are called otherwise than URLs are, and hold little else: URLs by a name of theirs, and no columns. */
  get areUrlLists(): boolean {
    const lists = this.#names.map((_, column) => this.#cells(column).filter(([token]) => token?.name !== 'nullValue'));
    const filled = lists.filter((cells) => cells.length > 0);
    const areUrls = filled.every((cells) => cells.filter(isUrlCell).length * 2 > cells.length);
    return lists.length > 1 && filled.length > 0 && areUrls && !this.#names.some(isUrlKey);
  }

  begin(name: string): void {
    this.#names.push(name);
    this.length = 0;
  }

  /** @param row - what it is called. Errors: FDC_ERR_MANIFEST_TOO_WIDE */
  add(row: string): void {
    this.cell = [];
    this.length++;
    const cells = this.#rows.get(row) ?? [];
    this.#rows.set(row, cells);
    cells[this.#names.length - 1] = this.cell;
    if (++this.#values > MOST_HELD_VALUES)
      throw new FlowDcError(
        'FDC_ERR_MANIFEST_TOO_WIDE',
        `the table is by columns, and has over ${MOST_HELD_VALUES} values: write it by rows, as pandas does with ` +
          'to_json(orient="records", lines=True)',
      );
  }

  *rows(): Iterable<Token> {
    for (const row of this.#rows.values()) {
      yield OPEN;
      for (const [column, name] of this.#names.entries()) {
        yield key(name);
        yield* row[column] ?? [{ name: 'nullValue', value: null }];
      }
      yield CLOSE;
    }
  }

  *named(): Iterable<Token> {
    for (const [column, name] of this.#names.entries())
      for (const cell of this.#cells(column)) yield* [OPEN, key('label'), text(name), key('url'), ...cell, CLOSE];
  }

  /** Of a column, in order of its rows. */
  #cells(column: number): (readonly Token[])[] {
    return [...this.#rows.values()].flatMap((row) => (row[column] === undefined ? [] : [row[column]]));
  }
}

function isUrlCell(cell: readonly Token[]): boolean {
  const [token] = cell;
  return token?.name === 'stringValue' && isUrlText(token.value);
}
