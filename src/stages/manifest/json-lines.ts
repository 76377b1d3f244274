/** JSON with a row on every line, on its way into rows: a line that cannot be read is a bad row, and the next one is none. */
import { FlowDcError, isFlowDcError } from '../../errors.ts';
import type { BadRows } from './bad-rows.ts';
import type { JsonCollector } from './json-collector.ts';
import { type JsonRow, JsonRowParser } from './json-row-parser.ts';
import type { ObjectScanner } from './object-scanner.ts';
import type { TextInput } from './text-rows.ts';

const LF = 0x0a;

/** What a line is. */
type Parsed =
  | { readonly kind: 'rows'; readonly rows: readonly JsonRow[] }
  | ({ readonly kind: 'open' } & OpenRow)
  | { readonly kind: 'bad'; readonly line: number; readonly error: FlowDcError };

/** A row that its line does not end. */
interface OpenRow {
  readonly parser: JsonRowParser;
  /** Those before it on its line, and itself when it is whole. */
  readonly rows: JsonRow[];
  readonly line: number;
  readonly error: FlowDcError;
  bytes: number;
  /** Lines behind the first. */
  behind: number;
}

export class JsonLines {
  readonly #input: TextInput;
  readonly #rows: JsonCollector;
  readonly #bad: BadRows;
  #rest: Buffer = Buffer.alloc(0);
  /** Of the rest. */
  #line = 1;
  /** A row that may go on. */
  #open: OpenRow | undefined;

  readonly #onFound = ({ rows, lines }: ObjectScanner): void => {
    this.#bad.good(rows);
    this.#line += lines;
  };

  constructor(input: TextInput, rows: JsonCollector, bad: BadRows) {
    this.#input = input;
    this.#rows = rows;
    this.#bad = bad;
  }

  /** Errors: those of BadRows; FDC_ERR_MANIFEST_CORRUPT for a line without an end. */
  give(chunk: Buffer): void {
    const block = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let from = 0;
    for (let isMore = true; isMore && from < block.length; ) {
      const { scanner } = this.#rows;
      if (scanner !== undefined && this.#open === undefined)
        from = this.#rows.scan(scanner, block, from, false, this.#onFound);
      isMore = scanner === undefined || this.#open !== undefined || scanner.isOdd;
      const end = isMore ? block.indexOf(LF, from) : -1;
      isMore = end >= 0;
      if (isMore) {
        this.#read(block.subarray(from, end));
        this.#line++;
        from = end + 1;
      }
    }
    this.#rest = block.subarray(from);
    const { name, maxRecordBytes } = this.#input;
    if (this.#rest.length > maxRecordBytes)
      throw new FlowDcError(
        'FDC_ERR_MANIFEST_CORRUPT',
        `${name}, line ${this.#line}: a row of over ${maxRecordBytes} bytes (max_record)`,
      );
  }

  finish(): void {
    let from = 0;
    for (let end = this.#rest.indexOf(LF); end >= 0; from = end + 1, end = this.#rest.indexOf(LF, from), this.#line++)
      this.#read(this.#rest.subarray(from, end));
    this.#read(this.#rest.subarray(from));
    if (this.#open !== undefined) this.#giveUp(this.#open);
  }

  /**
   * Read one line, or what a scanner left of it. A row that goes on behind its line is joined with the next ones, until
   * one of them is a row by itself: then it was cut off.
   */
  #read(bytes: Buffer): void {
    const alone = this.#parsed(bytes, this.#line);
    const open = this.#open;
    if (open === undefined || (alone.kind === 'rows' && alone.rows.length > 0)) {
      if (open !== undefined) this.#giveUp(open);
      return this.#take(alone);
    }
    this.#goOn(open, bytes);
  }

  #goOn(open: OpenRow, bytes: Buffer): void {
    open.bytes += bytes.length + 1;
    open.behind++;
    const { maxRecordBytes } = this.#input;
    try {
      if (open.bytes > maxRecordBytes) throw open.error;
      open.parser.write(`\n${bytes.toString('utf8')}`);
      if (open.parser.isInRow) return;
      open.parser.end();
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      this.#open = undefined;
      return this.#giveUp(open);
    }
    this.#take({ kind: 'rows', rows: open.rows });
  }

  #take(parsed: Parsed): void {
    this.#open = undefined;
    switch (parsed.kind) {
      case 'rows':
        for (const row of parsed.rows) this.#rows.add(row);
        return this.#bad.good(parsed.rows.length);
      case 'open':
        this.#open = parsed;
        return;
      case 'bad':
        return this.#giveUp(parsed);
    }
  }

  /** @param behind - lines that go with it */
  #giveUp({ line, error, behind = 0 }: { line: number; error: FlowDcError; behind?: number }): void {
    if (this.#input.onBadRow !== 'skip') throw error;
    const reason = error.message.slice(error.message.indexOf(', line ')).replace(/^, line \d+/, '');
    const more = behind === 0 ? '' : `, with ${behind} line${behind === 1 ? '' : 's'} behind it`;
    this.#rows.addBad(this.#bad.note(line, reason + more));
  }

  #parsed(bytes: Buffer, line: number): Parsed {
    const rows: JsonRow[] = [];
    const { name, maxRecordBytes } = this.#input;
    const parser = new JsonRowParser(name, maxRecordBytes, (row) => rows.push(row), undefined, line);
    try {
      parser.write(bytes.toString('utf8'));
      const isOpen = parser.isInRow;
      try {
        if (isOpen) parser.checkEnd();
        else parser.end();
      } catch (error) {
        if (!isCorrupt(error) || !isOpen || bytes.length > maxRecordBytes) throw error;
        return { kind: 'open', parser, rows, line, error, bytes: bytes.length, behind: 0 };
      }
      return { kind: 'rows', rows };
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      return { kind: 'bad', line, error };
    }
  }
}

function isCorrupt(error: unknown): error is FlowDcError {
  return isFlowDcError(error) && error.code === 'FDC_ERR_MANIFEST_CORRUPT';
}
