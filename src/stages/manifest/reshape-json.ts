/** Tokens of JSON in another shape, as tokens of rows one after the other. */
import type { Token } from 'stream-json/parser.js';
import { FlowDcError } from '../../errors.ts';
import type { JsonShape } from './json-shape.ts';

/** Called with each token of the text, in order; yields those of its rows. */
export type Reshape = (token: Token) => Iterable<Token>;

/** Tables by columns have to be held until their last column: so many values at most. Chosen: some 500 MB. */
const MOST_HELD_VALUES = 4_000_000;

const OPEN: Token = { name: 'startObject' };
const CLOSE: Token = { name: 'endObject' };

const key = (value: string): Token => ({ name: 'keyValue', value });
const text = (value: string): Token => ({ name: 'stringValue', value });

/** @returns undefined where the text has its rows already */
export function reshaping(shape: JsonShape): Reshape | undefined {
  switch (shape.kind) {
    case 'rows':
      return undefined;
    case 'paths':
      return atDepth(1, (member, tokens) => [OPEN, key('path'), text(member), key('url'), ...tokens, CLOSE]);
    case 'named rows':
      return atDepth(1, (member, tokens) => [OPEN, key('name'), text(member), ...tokens.slice(1)]);
    case 'member':
      return membersRows(shape.name);
    case 'arrays':
      return arrays(1, () => shape.names, shape.names === undefined ? 0 : 1);
    case 'split':
      return split();
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

function membersRows(name: string): Reshape {
  let [at, isInside] = [0, false];
  return (token) => {
    if (at === 1 && token.name === 'keyValue') isInside = token.value === name;
    if (isEnd(token)) at--;
    const out = isInside && (at > 2 || (at === 2 && (isStart(token) || isEnd(token)))) ? [token] : [];
    if (isStart(token)) at++;
    return out;
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

function split(): Reshape {
  const names: string[] = [];
  const rows = arrays(2, () => names, 0);
  let [at, member] = [0, ''];
  return (token) => {
    if (at === 1 && token.name === 'keyValue') member = token.value;
    if (member === 'columns' && token.name === 'stringValue') names.push(token.value);
    if (isEnd(token)) at--;
    if (isStart(token)) at++;
    const made = rows(token);
    return member === 'data' ? made : [];
  };
}

function columns(): Reshape {
  const names: string[] = [];
  const table = new Map<string, Token[][]>();
  let [at, values, column] = [0, 0, -1];
  let cell: Token[] = [];
  return (token) => {
    if (isEnd(token)) at--;
    if (at === 1 && token.name === 'keyValue') column = names.push(token.value) - 1;
    else if (at === 2 && token.name === 'keyValue') {
      cell = [];
      const row = table.get(token.value) ?? [];
      table.set(token.value, row);
      row[column] = cell;
      if (++values > MOST_HELD_VALUES)
        throw new FlowDcError(
          'FDC_ERR_MANIFEST_TOO_WIDE',
          `the table is by columns, and has over ${MOST_HELD_VALUES} values: write it by rows, as pandas does with ` +
            'to_json(orient="records", lines=True)',
        );
    } else if (at >= 2) cell.push(token);
    if (isStart(token)) at++;
    return at === 0 ? rowsOf(names, table) : [];
  };
}

function* rowsOf(names: readonly string[], table: ReadonlyMap<string, readonly Token[][]>): Iterable<Token> {
  for (const row of table.values()) {
    yield OPEN;
    for (const [column, name] of names.entries()) {
      yield key(name);
      yield* row[column] ?? [{ name: 'nullValue', value: null }];
    }
    yield CLOSE;
  }
}

function isStart({ name }: Token): boolean {
  return name === 'startObject' || name === 'startArray';
}

function isEnd({ name }: Token): boolean {
  return name === 'endObject' || name === 'endArray';
}
