/** What people are told of the host that is all that is left of a run: which one, why, and how to leave it out. */
import { count, duration } from '../../format.ts';
import { type Bottleneck, subscribe } from '../../telemetry/channels.ts';
import { visible } from '../../visible.ts';

/** Part of a line of progress. */
export function bottleneckWords(bottleneck: Bottleneck): string {
  const { host, waiting, inFlight } = bottleneck;
  const rows = waiting > 0 ? `${count(waiting)} rows wait` : `${count(inFlight)} under way`;
  return `waits for ${visible(host)}: ${reason(bottleneck)}, ${rows}`;
}

function reason({ code, pausedMs, allowedPerSecond, requestsPerSecond, limit, state }: Bottleneck): string {
  const answers = code === undefined ? '' : code.startsWith('http_') ? `answers ${code.slice(5)}` : `fails (${code})`;
  if (state === 'quota') return `has given what it may, goes on in ${duration(pausedMs ?? 0)}`;
  if (pausedMs !== undefined) return `refuses for ${duration(pausedMs)} more${answers && `, ${answers}`}`;
  if (answers !== '') return answers;
  if (state === 'paused') return 'nothing may be sent for now';
  const allowed = allowedPerSecond === undefined ? '' : ` of ${rate(allowedPerSecond)} allowed`;
  return `slow, ${rate(requestsPerSecond)}/s${allowed}, ${count(limit)} at once`;
}

function rate(perSecond: number): string {
  return perSecond < 10 ? String(Math.round(perSecond * 10) / 10) : count(perSecond);
}

/**
 * Say it once of every host.
 * @param way - how a configuration comes into the run, as words: `interrupt, then flow-dc resume DEST`
 * @returns how to stop
 */
export function noteBottleneck(say: (line: string) => void, way: string): () => void {
  const said = new Set<string>();
  return subscribe('flow-dc:bottleneck', ({ bottleneck }) => {
    if (bottleneck === undefined || said.has(bottleneck.host)) return;
    said.add(bottleneck.host);
    const { host, heldMs, waiting, inFlight } = bottleneck;
    const skip = JSON.stringify({ hosts: { [host]: { skip: true } } });
    say(
      `for ${duration(heldMs)} ${host} has kept this run from its end (${reason(bottleneck)}; ` +
        `${count(waiting + inFlight)} rows); to leave those rows out: ${way} --config FILE ` +
        `with ${skip} in FILE`,
    );
  });
}
