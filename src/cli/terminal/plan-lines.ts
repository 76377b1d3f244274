/** What a job would be made of, and how its hosts would be treated, as a dry run says it. */
import type { ResolvedConfig } from '../../config/types.ts';
import { byteSize, count, counted, percent } from '../../format.ts';
import { createHostRules } from '../../network/host-rules.ts';
import { ruleWords } from '../../network/rule-words.ts';
import type { UnitCount } from '../../run/count-units.ts';

export function planLines(config: ResolvedConfig, plan: UnitCount): string[] {
  const { rows, units, largestUnitRows, hosts, busiest, warnings } = plan;
  const ruleOf = createHostRules(config.fetch);
  const terms = (host: string): string => {
    const words = ruleWords(ruleOf(host));
    return words === '' ? '' : `: ${words}`;
  };
  return [
    ...warnings.map((warning) => `warning: ${warning}`),
    `units: ${count(units)} of ${count(units === 0 ? 0 : rows / units)} rows on average, ` +
      `${count(largestUnitRows)} at most; each becomes one shard`,
    `hosts: ${count(hosts)}${busiest.length === 0 ? '' : '; most rows:'}`,
    ...busiest.map(
      ({ host, rows: own, units: inUnits }) =>
        `  ${count(own).padStart(12)} rows (${percent(own / rows)}) in ${counted(inUnits, 'unit')}  ${host}${terms(host)}`,
    ),
    settingsLine(config),
  ];
}

function settingsLine({ fetch, paarc, run }: ResolvedConfig): string {
  const { law, enablePaarc, perHostConcurrency, perHostRate, openUnits, retryBackoffMs, maxAttempts } = fetch;
  const isFixed = !enablePaarc || law === 'fixed';
  const rate = perHostRate > 0 ? ` and ${perHostRate} requests/s` : '';
  const limits = isFixed
    ? `law fixed, ${perHostConcurrency} at once${rate} per host`
    : `law ${law}, C ${paarc.cInit} to ${paarc.cMax}`;
  const reserve = run.diskReserveBytes > 0 ? `; ${byteSize(run.diskReserveBytes)} of disk are kept free` : '';
  return (
    `settings: ${limits}, ${openUnits} units at once per worker, ${maxAttempts} attempts per row from ` +
    `${retryBackoffMs / 1000} s apart${reserve}`
  );
}
