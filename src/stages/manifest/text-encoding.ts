/** Text in whatever encoding, brought to UTF-8: by what is said of it, by its byte order mark, or by its content. */
import { isAscii, isUtf8 } from 'node:buffer';
import { FlowDcError } from '../../errors.ts';

/** `auto`: nothing but ASCII was seen so far. Else a name that the WHATWG's Encoding standard has. */
export type TextEncoding = string;

/** What Windows has where ISO 8859-1 has control characters; a hole stays what it is. Source: WHATWG, index windows-1252. */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';
const LATIN = new Set(['windows-1252', 'cp1252', 'latin1', 'latin-1', 'iso-8859-1', 'us-ascii']);
/** A share of zero bytes in every other place that no other text has. */
const UTF16_SHARE = 0.4;
const UTF16_SAMPLE_BYTES = 512;

/** Bytes to UTF-8, chunk by chunk, without a byte order mark. */
export class ToUtf8 {
  /** Decided by the first bytes that are not ASCII. */
  encoding: TextEncoding;
  readonly #onGuess: (encoding: TextEncoding) => void;
  #decoder: ReturnType<typeof decoderOf> | undefined;
  /** The beginning of a letter, or of a byte order mark. */
  #held: Buffer = Buffer.alloc(0);
  #isFirst = true;

  /** @param onGuess - told when the content says that it is not UTF-8 */
  constructor(encoding: TextEncoding, onGuess: (encoding: TextEncoding) => void = () => {}) {
    this.encoding = encoding.toLowerCase();
    this.#onGuess = onGuess;
  }

  give(chunk: Buffer): Buffer {
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    if (this.#isFirst) {
      if (bytes.length < 4) return this.#hold(bytes);
      this.#isFirst = false;
      bytes = this.#withoutMark(bytes);
    }
    return this.#converted(bytes, false);
  }

  end(): Buffer {
    const bytes = this.#isFirst ? this.#withoutMark(this.#held) : this.#held;
    this.#held = Buffer.alloc(0);
    return this.#converted(bytes, true);
  }

  #hold(bytes: Buffer): Buffer {
    this.#held = bytes;
    return Buffer.alloc(0);
  }

  #withoutMark(bytes: Buffer): Buffer {
    const mark = markOf(bytes);
    if (mark === undefined) {
      if (this.encoding === 'auto') this.encoding = utf16By(bytes) ?? 'auto';
      return bytes;
    }
    if (this.encoding === 'auto') this.encoding = mark.encoding;
    return bytes.subarray(mark.bytes);
  }

  #converted(bytes: Buffer, isEnd: boolean): Buffer {
    if (this.encoding === 'utf-8' || this.encoding === 'utf8') return bytes;
    if (this.encoding === 'auto') {
      if (isAscii(bytes)) return bytes;
      const cut = isEnd ? 0 : cutLetter(bytes);
      const whole = bytes.subarray(0, bytes.length - cut);
      if (isAscii(whole) && cut > 0) {
        this.#held = Buffer.from(bytes.subarray(whole.length));
        return whole;
      }
      this.encoding = isMostlyUtf8(whole) ? 'utf-8' : 'windows-1252';
      if (this.encoding === 'utf-8') return bytes;
      this.#onGuess(this.encoding);
    }
    if (LATIN.has(this.encoding)) return Buffer.from(windowsText(bytes));
    this.#decoder ??= decoderOf(this.encoding);
    return Buffer.from(this.#decoder.decode(bytes, { stream: !isEnd }));
  }
}

/** FDC_ERR_CONFIG_INVALID for a name that nobody knows. */
export function decoderOf(encoding: TextEncoding) {
  try {
    return new TextDecoder(encoding);
  } catch (error) {
    const message = `encoding ${encoding} is not known: expected auto, utf-8, windows-1252, utf-16le or another one of encoding.spec.whatwg.org`;
    throw new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { cause: error, issues: [message] });
  }
}

/** All of `chunks` as UTF-8. */
export async function* asUtf8(
  chunks: AsyncIterable<Buffer>,
  encoding: TextEncoding,
  onGuess: (encoding: TextEncoding) => void,
): AsyncGenerator<Buffer, void> {
  const converter = new ToUtf8(encoding, onGuess);
  for await (const chunk of chunks) {
    const bytes = converter.give(chunk);
    if (bytes.length > 0) yield bytes;
  }
  const rest = converter.end();
  if (rest.length > 0) yield rest;
}

function markOf(bytes: Buffer): { encoding: TextEncoding; bytes: number } | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return { encoding: 'utf-8', bytes: 3 };
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { encoding: 'utf-16le', bytes: 2 };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { encoding: 'utf-16be', bytes: 2 };
  return undefined;
}

/** UTF-16 without a mark: most letters of a list of URLs have a byte that is zero. */
function utf16By(bytes: Buffer): TextEncoding | undefined {
  const sample = bytes.subarray(0, UTF16_SAMPLE_BYTES);
  const zeros = [0, 0];
  for (let at = 0; at < sample.length; at++) if (sample[at] === 0) zeros[at % 2] = (zeros[at % 2] as number) + 1;
  const [even, odd] = zeros as [number, number];
  // Of all bytes, half of which are in such places.
  const enough = (sample.length / 2) * UTF16_SHARE;
  if (odd > enough && even === 0) return 'utf-16le';
  return even > enough && odd === 0 ? 'utf-16be' : undefined;
}

/** Bytes at the end that may be the beginning of a letter in UTF-8. */
function cutLetter(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
  }
  return 0;
}

/** A damaged letter among sound ones does not make another encoding of it. */
function isMostlyUtf8(bytes: Buffer): boolean {
  if (isUtf8(bytes)) return true;
  let [sound, damaged] = [0, 0];
  for (const letter of bytes.toString('utf8'))
    if (letter === '\ufffd') damaged++;
    else if (letter > '\x7f') sound++;
  return sound >= damaged;
}

function windowsText(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[\x80-\x9f]/g, (letter) => WINDOWS_1252[letter.charCodeAt(0) - 0x80] as string);
}
