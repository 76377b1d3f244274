/** Text of JSON without what people's scripts leave in it: commas behind the last value, byte order marks between values. */

const QUOTE = 0x22;
/** Of RFC 7464, in front of values. */
export const RECORD_SEPARATOR = '\x1e';
/** Outside of strings. */
const ODD = new RegExp(`,(?=\\s*[}\\]])|[\ufeff${RECORD_SEPARATOR}]`, 'g');
const HELD = /,\s*$/;

/** Of pieces that may end anywhere. */
export class LaxJson {
  #isInString = false;
  /** The last letter was a backslash in a string, that takes the next one's meaning. */
  #isEscaped = false;
  /** A comma that may be the last one. */
  #held = '';

  give(piece: string): string {
    // What may go on for thousands of lines is looked at once.
    if (this.#held !== '' && piece.trim() === '') {
      this.#held += piece;
      return '';
    }
    const text = this.#held + piece;
    this.#held = '';
    // Most pieces have nothing of the kind, within strings or without.
    const isOdd = text.search(ODD) >= 0;
    let [out, from] = ['', 0];
    for (let at = 0; at < text.length; ) {
      const quote = this.#quote(text, at);
      const end = quote < 0 ? text.length : quote;
      if (isOdd && !this.#isInString) {
        out += text.slice(from, at) + text.slice(at, end).replace(ODD, '');
        from = end;
      }
      if (quote >= 0) this.#isInString = !this.#isInString;
      at = end + 1;
    }
    out = from === 0 ? text : out + text.slice(from);
    if (!this.#isInString) this.#held = HELD.exec(out)?.[0] ?? '';
    return this.#held === '' ? out : out.slice(0, -this.#held.length);
  }

  /** What was held, when nothing follows. */
  end(): string {
    return this.#held.replace(',', '');
  }

  /** The next quote that means something; behind a backslash, in a string, it does not. */
  #quote(text: string, from: number): number {
    let at = from;
    if (this.#isEscaped) at++;
    this.#isEscaped = false;
    if (!this.#isInString) return text.indexOf('"', at);
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) return at;
      if (code === 0x5c) {
        at++;
        this.#isEscaped = at === text.length;
      }
    }
    return -1;
  }
}
