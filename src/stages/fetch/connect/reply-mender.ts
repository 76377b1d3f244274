/**
 * Replies as curl and requests take them, made into replies that a strict parser takes: bytes in, bytes out. Interim
 * replies nobody asked for, lines that end in LF, `Name : value`, folded lines, names that are none, equal lengths twice,
 * heads of up to 128 KiB; of a head only what is looked at goes on. Pure, one pass, holds one line.
 */
import { CONNECTION_HEADERS, READ_HEADERS, SET_COOKIE } from './header-names.ts';

/** The reply is no HTTP that anybody could read. */
export class MalformedReply extends Error {
  readonly code = 'protocol_error';
}

/** Of all lines before a body, interim replies among them. */
export const MAX_HEAD_BYTES = 128 * 1024;
/** Of a line that says how long a chunk is. */
const MAX_CHUNK_LINE_BYTES = 4096;
/** What is kept for the next line. */
const KEPT_LINE_BYTES = 4096;
const [LF, CR] = [10, 13];
const PASSED: ReadonlySet<string> = new Set([...READ_HEADERS, ...CONNECTION_HEADERS, SET_COOKIE]);

type State =
  | { readonly at: 'head' | 'chunk-size' | 'chunk-end' | 'trailers' | 'to-end' | 'idle' }
  | { readonly at: 'body' | 'chunk'; left: number };

export class ReplyMender {
  #state: State = { at: 'idle' };
  #isHeadOnly = false;
  /** A line that is not whole yet, in as much of a buffer. */
  #line = Buffer.alloc(0);
  #lineBytes = 0;
  #headBytes = 0;
  #status: { readonly line: string; readonly code: number } | undefined;
  /** A header that the next line may go on with. */
  #field: string | undefined;
  #fields: string[] = [];
  #length: string | undefined;
  #codings: string[] = [];

  /** A request was begun, or goes on. */
  sent(bytes: Buffer): void {
    if (this.#state.at !== 'idle') return;
    this.#isHeadOnly = bytes.subarray(0, 5).toString('latin1') === 'HEAD ';
    this.#beginHead();
  }

  /**
   * @returns pieces to read in place of `bytes`; undefined for bytes that belong to no request, with which the connection
   * is over
   * Errors: MalformedReply.
   */
  add(bytes: Buffer): Buffer[] | undefined {
    const out: Buffer[] = [];
    let at = 0;
    while (at < bytes.length) {
      const state = this.#state;
      switch (state.at) {
        case 'idle':
          return out.length === 0 ? undefined : out;
        case 'to-end':
          out.push(bytes.subarray(at));
          at = bytes.length;
          break;
        case 'body':
        case 'chunk': {
          const piece = bytes.subarray(at, at + state.left);
          at += piece.length;
          state.left -= piece.length;
          if (state.at === 'body') out.push(piece);
          else out.push(Buffer.from(`${piece.length.toString(16)}\r\n`, 'latin1'), piece, CRLF);
          if (state.left === 0) this.#state = { at: state.at === 'body' ? 'idle' : 'chunk-end' };
          break;
        }
        default: {
          const end = bytes.indexOf(LF, at);
          const stop = end < 0 ? bytes.length : end + 1;
          this.#gather(bytes.subarray(at, stop), state.at === 'head' || state.at === 'trailers');
          at = stop;
          if (end >= 0) this.#onLine(state.at, this.#takeLine(), out);
        }
      }
    }
    return out;
  }

  #beginHead(): void {
    this.#state = { at: 'head' };
    this.#headBytes = 0;
    this.#startFields();
  }

  #startFields(): void {
    this.#status = undefined;
    this.#field = undefined;
    this.#fields = [];
    this.#length = undefined;
    this.#codings = [];
  }

  #gather(piece: Buffer, isHead: boolean): void {
    this.#headBytes += isHead ? piece.length : 0;
    const bytes = this.#lineBytes + piece.length;
    if (isHead ? this.#headBytes > MAX_HEAD_BYTES : bytes > MAX_CHUNK_LINE_BYTES)
      throw new MalformedReply(isHead ? `a head of more than ${MAX_HEAD_BYTES} bytes` : 'a chunk without a length');
    if (bytes > this.#line.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * this.#line.length, bytes));
      this.#line.copy(larger, 0, 0, this.#lineBytes);
      this.#line = larger;
    }
    piece.copy(this.#line, this.#lineBytes);
    this.#lineBytes = bytes;
  }

  /** Without its end. */
  #takeLine(): string {
    let end = this.#lineBytes - 1;
    while (end > 0 && this.#line[end - 1] === CR) end -= 1;
    const line = this.#line.toString('latin1', 0, end);
    this.#lineBytes = 0;
    if (this.#line.length > KEPT_LINE_BYTES) this.#line = Buffer.alloc(0);
    return line;
  }

  #onLine(at: 'head' | 'chunk-size' | 'chunk-end' | 'trailers', line: string, out: Buffer[]): void {
    switch (at) {
      case 'head':
        return this.#onHeadLine(line, out);
      case 'chunk-size': {
        const [, digits] = /^[ \t]*([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(line) ?? [];
        if (digits === undefined) throw new MalformedReply('a chunk without a length');
        const left = Number.parseInt(digits, 16);
        this.#state = left === 0 ? { at: 'trailers' } : { at: 'chunk', left };
        return;
      }
      case 'chunk-end':
        if (line !== '') throw new MalformedReply('a chunk longer than it said');
        this.#state = { at: 'chunk-size' };
        return;
      case 'trailers':
        if (line !== '') return;
        out.push(LAST_CHUNK);
        this.#state = { at: 'idle' };
    }
  }

  #onHeadLine(line: string, out: Buffer[]): void {
    if (this.#status === undefined) {
      // Left over from a reply before, as the line of a strict parser.
      if (line === '') return;
      const [, minor, code] = /^HTTP\/1\.(\d)[ \t]+([1-9]\d\d)(?:[ \t].*)?$/.exec(line) ?? [];
      if (code === undefined) throw new MalformedReply('no status line');
      this.#status = { line: `HTTP/1.${minor === '0' ? 0 : 1} ${code} -\r\n`, code: Number(code) };
    } else if (/^[ \t]/.test(line)) {
      if (this.#field === undefined) throw new MalformedReply('a line that goes on without a beginning');
      this.#field += ` ${line.trim()}`;
    } else {
      this.#endField();
      if (line === '') return this.#endHead(this.#status, out);
      this.#field = line;
    }
  }

  #endField(): void {
    const line = this.#field;
    if (line === undefined) return;
    this.#field = undefined;
    const colon = line.indexOf(':');
    if (colon < 0 || line.includes('\0')) throw new MalformedReply('a malformed line in the head');
    const name = line.slice(0, colon).trim().toLowerCase();
    if (!PASSED.has(name)) return;
    const value = line
      .slice(colon + 1)
      .replace(/[^\x20-\x7e\x80-\xff]/g, ' ')
      .trim();
    if (name === 'content-length') this.#length = sameLength(value, this.#length);
    else if (name === 'transfer-encoding') this.#codings.push(value);
    else this.#fields.push(`${name}: ${value}\r\n`);
  }

  #endHead({ line, code }: { readonly line: string; readonly code: number }, out: Buffer[]): void {
    if (code === 101) throw new MalformedReply('a switch of protocols');
    if (code < 200) return this.#startFields();
    const codings = this.#codings.join(', ').toLowerCase();
    const isChunked = /(?:^|,)[ \t]*chunked$/.test(codings);
    const framing = this.#codings.length > 0 ? `transfer-encoding: ${codings}\r\n` : lengthLine(this.#length);
    out.push(Buffer.from(`${line}${this.#fields.join('')}${framing}\r\n`, 'latin1'));
    this.#state = this.#bodyState(code, isChunked);
    this.#startFields();
  }

  #bodyState(code: number, isChunked: boolean): State {
    if (this.#isHeadOnly || code === 204 || code === 304) return { at: 'idle' };
    if (isChunked) return { at: 'chunk-size' };
    if (this.#codings.length > 0 || this.#length === undefined) return { at: 'to-end' };
    const left = Number(this.#length);
    return left === 0 ? { at: 'idle' } : { at: 'body', left };
  }
}

const CRLF = Buffer.from('\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

function lengthLine(length: string | undefined): string {
  return length === undefined ? '' : `content-length: ${length}\r\n`;
}

/** However often it is said, it is one length. */
function sameLength(value: string, before: string | undefined): string {
  for (const part of value.split(',')) {
    const [, digits] = /^\+?0*(\d{1,15})$/.exec(part.trim()) ?? [];
    if (digits === undefined) throw new MalformedReply('a length that is no number');
    if (before !== undefined && before !== digits) throw new MalformedReply('two lengths that differ');
    before = digits;
  }
  return before as string;
}
