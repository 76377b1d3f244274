/** A JSON text that is one value, or values with anything between them, on its way into rows. */
import { StringDecoder } from 'node:string_decoder';
import type { JsonCollector } from './json-collector.ts';
import { JsonRowParser } from './json-row-parser.ts';
import type { Reshape } from './json-tokens.ts';
import type { ObjectScanner } from './object-scanner.ts';
import type { TextInput } from './text-rows.ts';

/** What may stand between two rows. */
const BETWEEN = Buffer.from(' \t\r\n,[]');
const [OPEN, CLOSE] = [0x7b, 0x7d];

/**
 * A file on its way into rows: plain objects by a scanner, which is several times as fast, everything else by a parser.
 * What a file means, and what is wrong with one, is what the parser says of it.
 */
export class JsonFile {
  readonly #rows: JsonCollector;
  readonly #parser: JsonRowParser;
  readonly #decoder = new StringDecoder('utf8');
  /** The decoder holds nothing back: it ended with a bracket, whole rows aside. */
  #isAtBracket = false;
  /** The beginning of a row that the scanner could not tell the end of. */
  #rest: Buffer = Buffer.alloc(0);

  /** @param reshape - where rows are not what the text has */
  constructor(input: TextInput, rows: JsonCollector, reshape: Reshape | undefined) {
    this.#rows = rows;
    this.#parser = new JsonRowParser(input.name, input.maxRecordBytes, (row) => rows.add(row), reshape);
  }

  /** Errors: those of JsonRowParser. */
  give(chunk: Buffer): void {
    const block = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = Buffer.alloc(0);
    for (let from = 0; from < block.length; ) {
      const { scanner } = this.#rows;
      const isScanned = scanner !== undefined && this.#isAtBracket && this.#parser.place !== 'elsewhere';
      if (isScanned) from = this.#scan(scanner, block, from);
      if (isScanned && !scanner.isOdd) {
        this.#rest = block.subarray(from);
        return;
      }
      const to = scanner === undefined ? block.length : this.#endOfRow(block, from);
      this.#parse(block.subarray(from, to));
      from = to;
    }
  }

  finish(): void {
    this.#parse(this.#rest);
    this.#parser.write(this.#decoder.end());
    this.#parser.end();
  }

  /** Where a row that is not plain may end: the next one may be. All there is, for what is no row. */
  #endOfRow(block: Buffer, from: number): number {
    let at = from;
    while (!this.#parser.isInRow && at < block.length && BETWEEN.includes(block[at] as number)) at++;
    const end = this.#parser.isInRow || block[at] === OPEN ? block.indexOf(CLOSE, from) : -1;
    return end < 0 ? block.length : end + 1;
  }

  /** Returns where the last row ends that it found. */
  #scan(scanner: ObjectScanner, block: Buffer, first: number): number {
    const isInArray = this.#parser.place === 'behind an element';
    return this.#rows.scan(scanner, block, first, isInArray, (found) => this.#parser.passOver(found));
  }

  #parse(bytes: Buffer): void {
    const text = this.#decoder.write(bytes);
    this.#parser.write(text);
    this.#isAtBracket = bytes.at(-1) === CLOSE;
  }
}
