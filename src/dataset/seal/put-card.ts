/** The card's place in a dataset: it is written anew as the dataset grows, unless somebody put a card of their own there. */
import type { Destination } from '../../destination/destination.ts';

export const CARD_FILE = 'README.md';

/** The last line of a card that is ours. */
export const OURS = '<!-- Written by flow-dc, and written anew as long as this line stands here. -->';
/** Cards of earlier versions have no such line. */
const EARLIER = /^- made by flow-dc \d/m;

/** Whether a card may be replaced or removed. */
export function isOurCard(content: Uint8Array): boolean {
  const text = Buffer.from(content).toString('utf8');
  return text.includes(OURS) || EARLIER.test(text);
}

/** Whether somebody else's card lies there, which stays. */
export async function hasOwnersCard(destination: Pick<Destination, 'readFile'>): Promise<boolean> {
  // Where there is none, that throws.
  const there = await destination.readFile(CARD_FILE).catch(() => undefined);
  return there !== undefined && !isOurCard(there);
}

/** Errors: those of the destination. */
export async function putCard(destination: Destination, card: string): Promise<void> {
  if (!(await hasOwnersCard(destination))) await destination.putFile(CARD_FILE, card);
}
