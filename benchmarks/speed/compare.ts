/** Two builds of flow-dc against each other: what a change does to its speed, for people and for CI logs. */

import type { Contender } from './contender.ts';
import type { RunLine } from './line.ts';
import { groupBy, ratioOf, spreadOf, spreadText } from './statistics.ts';

export const BASE = 'base';
export const BRANCH = 'branch';

/** What both builds can do, each mode of the base beside its twin, so that both meet the same moment of the machine. */
export function pairsOf(base: readonly Contender[], branch: readonly Contender[]): Contender[] {
  return base.flatMap((one) => {
    const twin = branch.find(({ name }) => modeOf(name) === modeOf(one.name));
    return twin === undefined ? [] : [one, twin];
  });
}

/** One row per workload and mode: the branch's figures over those of the base, a ratio per round. */
export function comparisonOf(lines: readonly RunLine[]): string {
  const rows = [
    ...groupBy(lines, ({ workload, contender }) => `${workload.scene}/${workload.body} ${modeOf(contender)}`),
  ];
  return [
    '| workload and mode | base, rows/s | rows/s, branch over base | CPU per row, branch over base | peak RSS, branch over base |',
    '|---|---|---|---|---|',
    ...rows.map(([name, group]) =>
      comparisonRow(
        name,
        group.filter(({ invalid }) => invalid === undefined),
      ),
    ),
    '',
  ].join('\n');
}

function comparisonRow(name: string, lines: readonly RunLine[]): string {
  const [base, branch] = [BASE, BRANCH].map((build) =>
    lines.filter(({ contender }) => contender.startsWith(`${build} `)),
  );
  const ratio = (figure: (line: RunLine) => number): string => {
    const spread = ratioOf(branch ?? [], base ?? [], figure);
    return spread === undefined ? 'no valid pair' : spreadText(spread);
  };
  const cells = [
    spreadText(spreadOf((base ?? []).map(({ rowsPerSecond }) => rowsPerSecond)), 0),
    ratio(({ rowsPerSecond }) => rowsPerSecond),
    ratio(({ cpuMsPerRow }) => cpuMsPerRow),
    ratio(({ peakRssMb }) => peakRssMb),
  ];
  return `| ${name} | ${cells.join(' | ')} |`;
}

/** Without the build's name in front. */
function modeOf(contender: string): string {
  return contender.slice(contender.indexOf(' ') + 1);
}
