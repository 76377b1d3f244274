/** JSON values with something in them that is not what it was. */
import { below, mutate, pick } from './mutate.ts';

/** As texts, because JSON.stringify writes neither `1e999` nor a name twice. */
const ODD = [
  'null',
  '-1',
  '0',
  '1e999',
  '1e15',
  '1e300',
  '0.5',
  'true',
  '""',
  '[]',
  '{}',
  '[null]',
  '"\\u0000\\u001b[2J"',
];

/** @returns the text of another value, or bytes that are none */
export function mutateJson(value: unknown, random: () => number): Uint8Array {
  if (random() < 0.3) return mutate(Buffer.from(JSON.stringify(value)), random);
  const marks: string[] = [];
  const text = JSON.stringify(changed(value, 0.15, marks, random));
  return Buffer.from(marks.reduce((done, odd, index) => done.replace(`"odd-${index}"`, odd), text));
}

function changed(value: unknown, chance: number, marks: string[], random: () => number): unknown {
  if (random() < chance) return `odd-${marks.push(odd(random)) - 1}`;
  if (Array.isArray(value)) return value.map((one) => changed(one, chance, marks, random));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(() => random() > chance / 3);
  return Object.fromEntries(entries.map(([key, one]) => [key, changed(one, chance, marks, random)]));
}

function odd(random: () => number): string {
  const depth = 1 + below(5_000, random);
  if (random() < 0.05) return '['.repeat(depth) + ']'.repeat(depth);
  if (random() < 0.05) return JSON.stringify('x'.repeat(1 + below(20_000, random)));
  return pick(ODD, random);
}
