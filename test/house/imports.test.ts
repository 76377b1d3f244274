import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { byFolder, circles, readImports } from './house.ts';

const imports = await readImports();

/**
 * Rooms by floor, the ground first: a room imports rooms of lower floors only, and its own files. The five stages share
 * a floor, so none of them imports another.
 */
const FLOORS: readonly string[] = [
  'without-secrets.ts',
  'short-text.ts',
  'clock.ts errors.ts format.ts json-schema.ts row-codes.ts shell-quoted.ts version.ts visible.ts ' +
    'arrow image paarc parquet',
  'open-files.ts address-space.ts',
  'load-parquet.ts start-thread.ts record.ts config structures',
  'network',
  'store',
  'host-limits.ts next-command.ts record-schema.ts unit-rows.ts destination host telemetry demo-hosts',
  'dataset quota',
  'job',
  'transport',
  'stages/manifest stages/partition stages/distribute stages/fetch stages/sink host-budget',
  'chain.ts split inspect estimate refresh duplicates report',
  'threads',
  'run',
  'cluster index.ts',
  'serve',
  'cli',
  'every-module.ts',
];

/** What a floor alone does not say. */
const NEVER: readonly { readonly from: RegExp; readonly to: RegExp; readonly why: string }[] = [
  { from: /^stages\//, to: /^transport\/(?!transport\.ts$)/, why: 'a stage gets its transport handed in' },
  { from: /^stages\//, to: /^paarc\/(?!(limit|index)\.ts$)/, why: 'a stage builds its law from paarc/index.ts' },
  { from: /^cli\//, to: /^stages\//, why: 'the command line uses run, cluster and index.ts, as a user would' },
  { from: /^(inspect|estimate|report)\//, to: /^(job|transport)\/(lock|.*transport)/, why: 'looking changes nothing' },
];

describe('imports', () => {
  it('are read at all: the chain imports its stages', () => {
    expect(imports.get('chain.ts')).toEqual(expect.arrayContaining(['stages/fetch/fetch-units.ts']));
  });

  it('form no circle of files', () => {
    expect(circles(imports)).toEqual([]);
  });

  it('form no circle of folders', () => {
    expect(circles(byFolder(imports))).toEqual([]);
  });

  it('lead down: every room stands above those that it imports', () => {
    const floors = FLOORS.map((floor) => floor.split(' '));
    const floorOf = (file: string): number => floors.findIndex((rooms) => rooms.includes(roomOf(file)));
    expect([...imports.keys()].filter((file) => floorOf(file) < 0)).toEqual([]);
    const wrong = [...imports].flatMap(([from, targets]) =>
      targets
        .filter((to) => roomOf(from) !== roomOf(to) && floorOf(to) >= floorOf(from))
        .map((to) => `${from} -> ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  it.each(NEVER)('from $from never lead to $to: $why', ({ from, to }) => {
    const wrong = [...imports].flatMap(([file, targets]) =>
      from.test(file) ? targets.filter((target) => to.test(target)).map((target) => `${file} -> ${target}`) : [],
    );
    expect(wrong).toEqual([]);
  });
});

describe('a circle', () => {
  it('is found, however long', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['a']],
      ['d', ['a']],
    ]);
    expect(circles(graph)).toEqual([['a', 'b', 'c']]);
  });
});

/** The folder directly below src, or below src/stages; a file that lies directly in src is its own room. */
function roomOf(file: string): string {
  const [top = '', second = ''] = file.split('/');
  return dirname(file) === '.' || top !== 'stages' ? top : `${top}/${second}`;
}
