/**
 * Prints what a law makes of fresh random hosts of every kind. About 15 s for 22 hosts of each kind.
 *
 *   npx tsx scripts/paarc-fresh.ts [--seed N] [--hosts 22] [--laws paarc,ARC|all] [--kinds busy,strict] [--each]
 *
 * Without --seed the hosts are new ones in every run; --each adds a line for each host that misses a band.
 */
import { parseArgs } from 'node:util';
import { LAWS } from '../test/scenarios/paarc/laws/index.ts';
import { FRESH_KINDS, freshHosts } from '../test/scenarios/paarc/wild/kinds.ts';
import { bandLines, type Judged, judgeAll, kindHead, kindLine } from '../test/scenarios/paarc/wild/summary.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    hosts: { type: 'string', default: '22' },
    laws: { type: 'string', default: 'paarc' },
    kinds: { type: 'string', default: FRESH_KINDS.join(',') },
    each: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const names = values.laws === 'all' ? Object.keys(LAWS) : values.laws.split(',');
const laws = names.map((name) => {
  const law = LAWS[name];
  if (law === undefined) throw new Error(`no law ${name}: ${Object.keys(LAWS).join(', ')}`);
  return law;
});
const judged = names.map((): Judged[] => []);
process.stdout.write(`seed ${seed}\n${names.length > 1 ? 'law       ' : ''}${kindHead}\n`);
for (const kind of values.kinds.split(',')) {
  for (const [index, some] of judgeAll(freshHosts(kind, seed, Number(values.hosts)), seed, laws).entries()) {
    judged[index]?.push(...some);
    const name = names.length > 1 ? (names[index] as string).padEnd(10) : '';
    process.stdout.write(`${name}${kindLine(kind, some)}\n`);
    if (!values.each) continue;
    for (const { host, misses } of some)
      if (misses.length > 0) process.stdout.write(`    ${host.scenario.words}: ${misses.join('; ')}\n`);
  }
}
for (const [index, all] of judged.entries()) {
  if (names.length > 1) process.stdout.write(`${names[index]}\n`);
  process.stdout.write(`${bandLines(all).join('\n')}\n`);
}
