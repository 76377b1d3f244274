/** Single bytes of a text that mean something: how many there are, and whether a backslash takes their meaning. */

const BACKSLASH = 0x5c;

export function countOf(bytes: Buffer, byte: number): number {
  let count = 0;
  for (let at = bytes.indexOf(byte); at >= 0; at = bytes.indexOf(byte, at + 1)) count++;
  return count;
}

/** @param from - what is before it is not looked at */
export function isEscaped(bytes: Buffer, from: number, at: number): boolean {
  let slashes = 0;
  while (at - 1 - slashes >= from && bytes[at - 1 - slashes] === BACKSLASH) slashes++;
  return slashes % 2 === 1;
}

/** Whether one letter stands right in front of another: Node's own search takes long where the first is repeated. */
export function hasPair(bytes: Buffer, first: string, second: string): boolean {
  const [before, byte] = [first.charCodeAt(0), second.charCodeAt(0)];
  for (let at = bytes.indexOf(byte, 1); at > 0; at = bytes.indexOf(byte, at + 1))
    if (bytes[at - 1] === before) return true;
  return false;
}
