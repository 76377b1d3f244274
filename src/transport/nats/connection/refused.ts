/** What is said of things on the server that flow-dc did not write. */
import { publish } from '../../../telemetry/channels.ts';

/** Far more than any reason of ours; theirs may be of any length. */
const MOST_CHARACTERS = 200;

/** Tell that something was left out. @param where - subject, or bucket and key */
export function refused(where: string, why: string): void {
  publish('flow-dc:refused', () => ({ where: plain(where), why: plain(why) }));
}

function plain(text: string): string {
  return text.slice(0, MOST_CHARACTERS).replaceAll(/[^ -~]/g, '?');
}
