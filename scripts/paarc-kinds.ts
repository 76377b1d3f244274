/**
 * Prints what each law makes of hosts of every kind. Usage:
 * tsx scripts/paarc-kinds.ts [SEED [HOSTS_PER_KIND [LAW,LAW|all [KIND,KIND [hosts]]]]]
 */
import { LAWS } from '../test/scenarios/paarc/laws/index.ts';
import { runOracle } from '../test/scenarios/paarc/sim/run-scenario.ts';
import { measureWild, missesOf } from '../test/scenarios/paarc/wild/judge-wild.ts';
import { KINDS, wildHosts } from '../test/scenarios/paarc/wild/kinds.ts';

const [seed = '1', count = '3', laws = 'paarc', kinds = Object.keys(KINDS).join(','), detail] = process.argv.slice(2);
const names = laws === 'all' ? Object.keys(LAWS) : laws.split(',');
const goodputs = new Map<string, number[]>(names.map((name) => [name, []]));
for (const kind of kinds.split(',')) {
  const startMs = performance.now();
  const lines = new Map<string, string[]>(names.map((name) => [name, []]));
  for (const host of wildHosts(kind, Number(seed), Number(count))) {
    const oracle = runOracle(host.scenario, Number(seed));
    for (const name of names) {
      const limit = LAWS[name];
      if (limit === undefined) throw new Error(`no law ${name}: ${Object.keys(LAWS).join(', ')}`);
      const measures = measureWild(host, Number(seed), limit, oracle);
      const { goodput, refusedPct, recoveryS, wasted } = measures;
      goodputs.get(name)?.push(goodput);
      const extra = `${recoveryS > 0 ? ` rec ${recoveryS}` : ''}${host.wastedMost === undefined ? '' : ` waste ${wasted}`}`;
      const missed = missesOf(host, measures).length > 0 ? '!' : ' ';
      lines
        .get(name)
        ?.push(
          `${missed}${goodput.toFixed(2)} ${refusedPct.toFixed(1)}%${extra}${detail === undefined ? '' : ` [${host.scenario.words}]\n   `}`,
        );
    }
  }
  for (const name of names)
    process.stdout.write(`${kind.padEnd(8)} ${name.padEnd(10)} ${lines.get(name)?.join('  ')}\n`);
  process.stdout.write(`${' '.repeat(8)} (${((performance.now() - startMs) / 1000).toFixed(1)} s)\n`);
}
for (const [name, all] of goodputs) {
  const sorted = all.toSorted((a, b) => a - b);
  process.stdout.write(
    `${name}: median ${sorted[sorted.length >> 1]?.toFixed(3)}, least ${sorted[0]?.toFixed(3)} of ${sorted.length}\n`,
  );
}
