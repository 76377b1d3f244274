/** What the numbers of one workload say about flow-dc, its losses first; nobody chooses the words. */
import type { RunLine } from './line.ts';
import { floorName } from './loops.ts';
import { groupBy, ratioOf } from './statistics.ts';

/** Smaller differences are noise on a machine that does other things too. */
const NOTICEABLE = 0.03;

type Figure = (line: RunLine) => number;
const speed: Figure = ({ rowsPerSecond }) => rowsPerSecond;
const cost: Figure = ({ cpuMsPerRow }) => cpuMsPerRow;

/** A bullet for every row of flow-dc. */
export function findingsOf(lines: readonly RunLine[]): string[] {
  const valid = lines.filter(({ invalid }) => invalid === undefined);
  const contenders = groupBy(valid, ({ contender }) => contender);
  const floor = contenders.get(floorName(1)) ?? [];
  const others = [...contenders].filter(([, [line]]) => line?.group !== 'flow-dc');
  const own = [...contenders].filter(([, [line]]) => line?.group === 'flow-dc');
  return own.map(([name, runs]) => {
    const sentences = [
      besideFloor(runs, floor),
      ...beside('**slower** than', runs, others, (ratio) => ratio < 1 - NOTICEABLE),
      ...beside('faster than', runs, others, (ratio) => ratio > 1 + NOTICEABLE),
      ...adaptive(name, runs, contenders),
    ];
    return `- ${name}: ${sentences.filter((sentence) => sentence !== '').join('; ')}.`;
  });
}

function besideFloor(runs: readonly RunLine[], floor: readonly RunLine[]): string {
  const [rows, cpu] = [ratioOf(runs, floor, speed), ratioOf(runs, floor, cost)];
  if (rows === undefined || cpu === undefined) return '';
  return `${rows.median.toFixed(2)} of the floor's rows/s at ${cpu.median.toFixed(2)} times its CPU per row`;
}

/** Those others for whom the ratio says so, each with it. */
function beside(
  words: string,
  runs: readonly RunLine[],
  others: readonly (readonly [name: string, lines: readonly RunLine[]])[],
  isMeant: (ratio: number) => boolean,
): string[] {
  const found = others.flatMap(([name, lines]) => {
    const ratio = ratioOf(runs, lines, speed)?.median;
    return ratio !== undefined && isMeant(ratio) ? [`${name} (${ratio.toFixed(2)})`] : [];
  });
  return found.length === 0 ? [] : [`${words} ${found.join(', ')}`];
}

/** What adapting costs or gains beside a limit that was right from the start. */
function adaptive(
  name: string,
  runs: readonly RunLine[],
  contenders: ReadonlyMap<string, readonly RunLine[]>,
): string[] {
  const fixed = contenders.get(`${name}, fixed`);
  const ratio = fixed === undefined ? undefined : ratioOf(runs, fixed, speed)?.median;
  return ratio === undefined ? [] : [`${ratio.toFixed(2)} of its rows/s with a fixed limit`];
}
