/** Text mutators: pieces that mean something to a reader, put where they do not belong, and some of them very often. */
import { mutate } from './mutate.ts';

/** @param random - in [0, 1). @returns another input, by tokens or by bytes; `bytes` stays as it is */
export function mutateText(bytes: Uint8Array, tokens: readonly string[], random: () => number): Uint8Array {
  if (random() < 0.4) return mutate(bytes, random);
  let mutated = Buffer.from(bytes);
  for (let rounds = 1 + Math.floor(random() * 4); rounds > 0; rounds -= 1) {
    const token = tokens[Math.floor(random() * tokens.length)] as string;
    const times = random() < 0.9 ? 1 : 10 ** Math.floor(random() * 6);
    const at = Math.floor(random() * (mutated.length + 1));
    const cut = random() < 0.5 ? 0 : Math.floor(random() * 20);
    mutated = Buffer.concat([mutated.subarray(0, at), Buffer.from(token.repeat(times)), mutated.subarray(at + cut)]);
  }
  return mutated;
}
