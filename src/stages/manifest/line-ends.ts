/** What ends the records of a delimited file. */

const [LF, CR] = [0x0a, 0x0d];
/** What stands around cells. */
const AROUND = new Set(Buffer.from('\r\n,;\t| '));

/**
 * Old Macs end lines with CR, and break lines inside of cells with LF; of others a CR alone is part of a cell. What is
 * between quotes is not counted.
 */
export function lineEndOf(sample: Buffer, quote: string): '\n' | '\r' {
  const quoteByte = quote === '' ? -1 : quote.charCodeAt(0);
  let [alone, feeds, isQuoted] = [0, 0, false];
  for (let at = 0; at < sample.length; at++) {
    const byte = sample[at];
    if (byte === quoteByte) {
      const beside = sample[isQuoted ? at + 1 : at - 1];
      if (beside === undefined || AROUND.has(beside)) isQuoted = !isQuoted;
    } else if (isQuoted) continue;
    else if (byte === LF) feeds++;
    else if (byte === CR && sample[at + 1] !== LF && sample[at + 1] !== CR) alone++;
  }
  return alone > feeds ? '\r' : '\n';
}

/** In words. */
export function lineEndsOf(sample: Buffer, lineEnd: string): string[] {
  if (lineEnd === '\r') return ['CR'];
  let [pairs, alone] = [false, false];
  for (let at = sample.indexOf(lineEnd); at >= 0 && !(pairs && alone); at = sample.indexOf(lineEnd, at + 1))
    if (at > 0 && sample[at - 1] === CR) pairs = true;
    else alone = true;
  return [...(alone ? ['LF'] : []), ...(pairs ? ['CRLF'] : [])];
}
