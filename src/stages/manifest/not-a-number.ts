/** NaN and infinities, which Python and pandas write into JSON and JSON does not know, as nulls. */
import { isEscaped } from './byte-marks.ts';

const [QUOTE, LF] = [0x22, 0x0a];
const NULL = Buffer.from('null');
const WORD = /-?Infinity|NaN/g;
/** What may be the beginning of one at a chunk's end, or of an escaped quote. */
const BEGUN = /(?:-?I(?:n(?:f(?:i(?:n(?:i(?:t)?)?)?)?)?)?|-|(?<!Na)N(?:a)?|\\+)$/;

/** @param chunks - of JSON, in which a string never holds a line break */
export async function* withoutNaN(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let isInString = false;
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const begun = BEGUN.exec(bytes.toString('latin1', Math.max(0, bytes.length - 8)))?.[0].length ?? 0;
    held = begun === 0 ? Buffer.alloc(0) : Buffer.from(bytes.subarray(bytes.length - begun));
    const whole = begun === 0 ? bytes : bytes.subarray(0, bytes.length - begun);
    const hasWords = whole.includes('NaN') || whole.includes('Infinity');
    if (hasWords) yield replaced(whole, isInString);
    else if (whole.length > 0) yield whole;
    isInString = stateAfter(whole, isInString);
  }
  if (held.length > 0) yield held;
}

/** Whether the bytes end within a string; a line break tells that it did not go on, and what is before it is not read. */
function stateAfter(bytes: Buffer, isInString: boolean): boolean {
  const line = bytes.lastIndexOf(LF);
  let state = line < 0 ? isInString : false;
  for (let at = bytes.indexOf(QUOTE, line + 1); at >= 0; at = bytes.indexOf(QUOTE, at + 1))
    if (!state || !isEscaped(bytes, 0, at)) state = !state;
  return state;
}

function replaced(bytes: Buffer, isInString: boolean): Buffer {
  const parts: Buffer[] = [];
  let [from, state] = [0, isInString];
  for (const { index, 0: word } of bytes.toString('latin1').matchAll(WORD)) {
    const before = bytes.subarray(from, index);
    state = stateAfter(before, state);
    from = index + word.length;
    parts.push(before, state ? bytes.subarray(index, from) : NULL);
  }
  return Buffer.concat([...parts, bytes.subarray(from)]);
}
